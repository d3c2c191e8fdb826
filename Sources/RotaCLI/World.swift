// What a command sees of the machine it runs on, so that tests can give it another.

package import Platform
package import Vocabulary

/// Everything a command may touch.
package struct World: Sendable {
    package let environment: [String: String]
    package let terminal: any CommandTerminal
    package let files: any CommandFiles
    package let clock: any CommandClock
    package let transport: any APITransport

    package init(
        environment: [String: String],
        terminal: any CommandTerminal,
        files: any CommandFiles,
        clock: any CommandClock,
        transport: any APITransport
    ) {
        self.environment = environment
        self.terminal = terminal
        self.files = files
        self.clock = clock
        self.transport = transport
    }

    /// The variable called `name`, if it is set and not empty.
    func variable(_ name: String) -> String? {
        environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// The three standard streams, and the editor that uses them.
package protocol CommandTerminal: Sendable {
    func isTerminal(_ stream: Terminal.Stream) -> Bool
    var width: Int? { get }
    func write(_ bytes: [UInt8], to stream: Terminal.Stream)
    /// The next bytes of standard input as soon as there are any; empty at its end.
    func read(limit: Int) throws(SystemError) -> [UInt8]
    /// Runs a shell command on the terminal and answers its exit code.
    func run(_ line: String, arguments: [String]) throws(SystemError) -> Int32
}

/// Small files.
package protocol CommandFiles: Sendable {
    func read(_ path: String) throws(SystemError) -> [UInt8]
    /// Replaces the file, making the folders above it.
    func write(_ path: String, _ bytes: [UInt8], mode: UInt32) throws(SystemError)
    func remove(_ path: String) throws(SystemError)
    /// The names in a folder, or `nil` if `path` is none.
    func names(in path: String) -> [String]?
    /// The permission bits, or `nil` if there is no such file.
    func mode(of path: String) -> UInt32?
    /// The TZif bytes of a time zone.
    func zone(named name: String) -> [UInt8]?
}

/// Time, and what must differ each time.
package protocol CommandClock: Sendable {
    var now: Instant { get }
    var monotonic: MonotonicInstant { get }
    /// Returns after `duration`, or sooner when the task is cancelled.
    func wait(_ duration: Duration) async
    /// A key no other request has, for `Idempotency-Key`.
    func uniqueKey() -> String
}

/// How requests reach a master.
package protocol APITransport: Sendable {
    func send(_ call: APICall) async throws(APITransportError) -> APIAnswer
    /// Sends `call` and hands over a good answer's body as it comes.
    ///
    /// The answer has the body only if its status is none of 200 to 299. A cut in the middle is
    /// ``APITransportError/cut(_:)``.
    func stream(
        _ call: APICall,
        receive: @escaping @Sendable ([UInt8]) -> Void
    ) async throws(APITransportError) -> APIAnswer
}

/// One request to one master.
package struct APICall: Sendable {
    package let method: String
    package let url: String
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]
    /// For the whole exchange; `nil`, of a stream, is for ever.
    package let timeout: Duration?
}

/// What a master answered.
package struct APIAnswer: Sendable {
    package let status: Int
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]

    package init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// Why there is no answer.
package enum APITransportError: Error, Equatable, Sendable {
    /// Nothing was sent: another master may be asked without harm.
    case unreachable(String)
    /// Something may have been done.
    case cut(String)

    var reason: String {
        switch self {
        case .unreachable(let reason), .cut(let reason): reason
        }
    }
}
