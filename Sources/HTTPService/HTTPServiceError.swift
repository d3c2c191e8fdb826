// Why a server cannot start.

/// A server that cannot listen.
package enum HTTPServiceError: Error, Equatable, Sendable {
    case portTaken(address: String, port: Int)
    case portNotAllowed(address: String, port: Int)
    case unknownAddress(String)
    /// The address is of another machine.
    case foreignAddress(String)
    case cannotListen(address: String, port: Int, reason: String)
    case settings([String])
}

extension HTTPServiceError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .portTaken(let address, let port):
            "\(Self.join(address, port)) is taken; choose another with --listen"
        case .portNotAllowed(let address, let port):
            "\(Self.join(address, port)) is not allowed for this user; choose a port from 1024 on"
                + " with --listen"
        case .unknownAddress(let address):
            "\(address) is no address of this machine that can be found; choose one that"
                + " `ip address` shows with --listen"
        case .foreignAddress(let address):
            "\(address) is not an address of this machine; choose one that `ip address` shows"
                + " with --listen"
        case .cannotListen(let address, let port, let reason):
            "cannot listen on \(Self.join(address, port)): \(reason); choose another with --listen"
        case .settings(let faults): faults.joined(separator: "\n")
        }
    }

    private static func join(_ address: String, _ port: Int) -> String {
        address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
    }
}
