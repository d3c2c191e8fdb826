// What the tests of ODBC have in common.

import ODBC
import Synchronization
import TestSupport

extension TestDatabase {
    func connect() throws -> Connection {
        try Connection(
            to: ConnectionText(connection, password: password),
            within: .seconds(10)
        )
    }
}

/// Opens once.
final class Gate: Sendable {
    private let flag = Mutex(false)

    var isOpen: Bool { flag.withLock { $0 } }

    func open() {
        flag.withLock { $0 = true }
    }
}
