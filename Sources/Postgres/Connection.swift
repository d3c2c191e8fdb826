// A thin, owning wrapper over `PGconn *`: opening, closing, and waiting for its socket.

internal import CPostgres
internal import Glibc

/// One connection to one PostgreSQL server, closed when the object is destroyed.
///
/// Every call has a deadline of its own and blocks its thread for no longer than that. Once a call
/// has thrown anything but ``PostgresError/Kind/refused``, the connection is closed and every later
/// call throws ``PostgresError/Kind/lost``. Not `Sendable`: confine it to the actor that opened it.
/// <https://www.postgresql.org/docs/15/libpq-threading.html>
@safe
package final class Connection {
    /// What tells one moment from another while waiting; suspended time counts.
    package typealias Deadline = ContinuousClock.Instant

    private var handle: OpaquePointer?
    private let box: NoticeBox
    /// The host that answered, for people.
    package let place: String
    /// Names of the statements that the server keeps for us, by their text.
    var prepared: [String: String] = [:]
    var preparedCount = 0

    /// Connects to the first host of `address`, from `first` on, that takes us.
    ///
    /// libpq would try the hosts one after the other by itself, but has no word for "this one has
    /// had its time" when it is driven from outside, and blocks when it is not.
    ///
    /// - Parameters:
    ///   - address: Where to, and as whom.
    ///   - hostLimit: The most time for one host, where `address` says nothing of it.
    ///   - deadline: The end of all attempts.
    /// - Throws: Why the host that said most about it does not take us.
    package init(
        to address: ServerAddress,
        within hostLimit: Duration,
        until deadline: Deadline
    ) throws(PostgresError) {
        let box = NoticeBox()
        var failures: [PostgresError] = []
        for host in address.hosts {
            let limit = ContinuousClock.now.advanced(by: address.hostLimit ?? hostLimit)
            do throws(PostgresError) {
                let opened = unsafe try Self.open(
                    host,
                    of: address,
                    box,
                    until: min(limit, deadline)
                )
                unsafe handle = opened
                self.box = box
                place = host.description
                _ = box.take()
                return
            } catch {
                failures.append(error)
            }
            if ContinuousClock.now >= deadline { break }
        }
        throw Self.summary(of: failures, work: "connecting to \(address)")
    }

    deinit {
        close()
    }

    /// Ends the connection now; the server undoes what was not committed.
    package func close() {
        guard let open = unsafe handle else { return }
        unsafe PQfinish(open)
        unsafe handle = nil
        prepared = [:]
    }

    package var isOpen: Bool { unsafe handle != nil }

    /// Whether a transaction was begun and not ended, be it a failed one.
    package var isInTransaction: Bool {
        unsafe handle.map { unsafe PQtransactionStatus($0) != PQTRANS_IDLE } ?? false
    }

    /// The socket, for whoever wants to know when there is something to read; -1 once closed.
    package var descriptor: Int32 { unsafe handle.map { unsafe PQsocket($0) } ?? -1 }

    /// What the server has said beside its answers since the last time it was asked for.
    package func takeNotices() -> [Notice] { box.take() }

    /// The server's version, as in 150004 for 15.4.
    package var serverVersion: Int { unsafe handle.map { unsafe Int(PQserverVersion($0)) } ?? 0 }

    // MARK: For the other files of this class

    func open(for work: String) throws(PostgresError) -> OpaquePointer {
        guard let handle = unsafe handle else {
            throw PostgresError(kind: .lost, message: "the connection is closed", work: work)
        }
        return unsafe handle
    }

    /// Closes the connection and answers why, in the server's last words if it had any.
    func lose(_ work: String) -> PostgresError {
        let words = unsafe handle.map { unsafe String(cString: PQerrorMessage($0)) } ?? ""
        let last = box.notices.last { $0.severity == "FATAL" || $0.severity == "PANIC" }
        close()
        return PostgresError(
            kind: .lost,
            code: last?.code,
            message: last?.message ?? (words.isEmpty ? "the connection was lost" : words.onOneLine),
            work: work
        )
    }

    /// Sends what is waiting and takes in what is there; waits until there is something.
    func exchange(_ work: String, until deadline: Deadline) throws(PostgresError) {
        let open = unsafe try open(for: work)
        var events = Int16(POLLIN)
        switch unsafe PQflush(open) {
        case 0: break
        case 1: events |= Int16(POLLOUT)
        case _: throw lose(work)
        }
        guard unsafe Self.wait(on: PQsocket(open), for: events, until: deadline) else {
            close()
            throw PostgresError(kind: .late, message: "no answer in time", work: work)
        }
        guard unsafe PQconsumeInput(open) == 1 else { throw lose(work) }
    }

    /// Waits for `events` on `socket`; answers whether any came before the deadline.
    static func wait(on socket: Int32, for events: Int16, until deadline: Deadline) -> Bool {
        while true {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { return false }
            let (seconds, attoseconds) = left.components
            let milliseconds = seconds * 1_000 + attoseconds / 1_000_000_000_000_000 + 1
            var entry = pollfd(fd: socket, events: events, revents: 0)
            let count = unsafe poll(&entry, 1, Int32(clamping: milliseconds))
            if count > 0 { return true }
            // What poll itself refuses, the next read will name.
            if count < 0, errno != EINTR { return true }
        }
    }
}

// MARK: - Opening

extension Connection {
    private static func open(
        _ host: ServerAddress.Host,
        of address: ServerAddress,
        _ box: NoticeBox,
        until deadline: Deadline
    ) throws(PostgresError) -> OpaquePointer {
        var settings = address.settings
        settings["host"] = host.name
        settings["hostaddr"] = host.address
        settings["port"] = host.port
        // Ours count, not libpq's: see ``init(to:within:until:)``.
        settings["connect_timeout"] = nil
        let started = unsafe withTexts(Array(settings.keys)) { keywords in
            unsafe withTexts(Array(settings.values)) { values in
                unsafe PQconnectStartParams(keywords, values, 0)
            }
        }
        let work = "connecting to \(host)"
        guard let opened = unsafe started else {
            throw PostgresError(kind: .lost, message: "out of memory", work: work)
        }
        do throws(PostgresError) {
            unsafe box.listen(to: opened)
            // Only so does a refusal while connecting show its code.
            _ = unsafe PQsetErrorVerbosity(opened, PQERRORS_VERBOSE)
            try unsafe finish(opened, work, until: deadline)
            _ = unsafe PQsetErrorVerbosity(opened, PQERRORS_DEFAULT)
            guard unsafe PQsetnonblocking(opened, 1) == 0, unsafe PQenterPipelineMode(opened) == 1
            else { throw PostgresError(kind: .lost, message: "no pipeline", work: work) }
            return unsafe opened
        } catch {
            unsafe PQfinish(opened)
            throw error
        }
    }

    private static func finish(
        _ connection: OpaquePointer,
        _ work: String,
        until deadline: Deadline
    ) throws(PostgresError) {
        var step = PGRES_POLLING_WRITING
        while step != PGRES_POLLING_OK {
            guard step != PGRES_POLLING_FAILED, unsafe PQstatus(connection) != CONNECTION_BAD else {
                throw refusal(unsafe String(cString: PQerrorMessage(connection)), work)
            }
            let events = step == PGRES_POLLING_READING ? POLLIN : POLLOUT
            guard unsafe wait(on: PQsocket(connection), for: Int16(events), until: deadline) else {
                throw PostgresError(kind: .late, message: "no answer in time", work: work)
            }
            step = unsafe PQconnectPoll(connection)
        }
    }

    /// Finds the code in words such as `FATAL:  28P01: password authentication failed`.
    private static func refusal(_ words: String, _ work: String) -> PostgresError {
        var code: SQLState?
        for line in words.split(separator: "\n") {
            guard let start = line.firstRange(of: ":  ")?.upperBound else { continue }
            let rest = line[start...]
            let mark = rest.prefix { $0.isASCII && ($0.isUppercase || $0.isNumber) }
            guard mark.count == 5, rest.dropFirst(5).hasPrefix(": ") else { continue }
            code = SQLState(String(mark))
        }
        return PostgresError(kind: .lost, code: code, message: words.onOneLine, work: work)
    }

    /// One error for the failures of all hosts; a code says more than silence.
    private static func summary(of failures: [PostgresError], work: String) -> PostgresError {
        let telling = failures.first { $0.code != nil } ?? failures.first
        guard failures.count > 1 else {
            return telling ?? PostgresError(kind: .late, message: "no time to try", work: work)
        }
        return PostgresError(
            kind: telling?.kind ?? .late,
            code: telling?.code,
            message: failures.map(\.message).joined(separator: "; "),
            work: work
        )
    }

    /// Calls `body` with a C array of C strings that ends in nil.
    private static func withTexts<Result>(
        _ texts: [String],
        _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Result
    ) -> Result {
        var bytes: [CChar] = []
        var starts: [Int] = []
        for text in texts {
            starts.append(bytes.count)
            bytes += text.utf8CString
        }
        return unsafe bytes.withUnsafeBufferPointer { buffer in
            var pointers = unsafe starts.map { start in
                unsafe buffer.baseAddress.map { base in unsafe base + start }
            }
            unsafe pointers.append(nil)
            return unsafe pointers.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
        }
    }
}
