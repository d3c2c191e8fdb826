// What the tests of ODBC have in common.

import ODBC
import TestSupport

extension TestDatabase {
    func connect() throws -> Connection {
        try Connection(
            to: ConnectionText(connection, password: password),
            within: .seconds(10)
        )
    }
}
