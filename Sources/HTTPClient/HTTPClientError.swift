// Why there is no answer.

/// A request without an answer.
package struct HTTPClientError: Error, Equatable, Sendable {
    package enum Problem: Equatable, Sendable {
        case malformedURL
        case unsupportedScheme(String)
        case unsendable(String)
        case cannotResolve(host: String)
        /// Refused, unreachable or reset before the connection stood.
        case cannotConnect(String)
        case connectTimedOut(after: Duration)
        /// By the call's rule about addresses; nothing was sent there.
        case forbiddenAddress(String)
        case timedOut(after: Duration)
        case notTrusted(String)
        /// Ours: the file is missing, no certificate, or not the key's.
        case unusableCertificate(String)
        case tooLarge(limit: Int)
        case tooManyRedirects(limit: Int)
        /// The connection broke, or what came was no HTTP.
        case broken(String)
        case cancelled
    }

    /// Without user, password, query and fragment: webhooks carry their secret there.
    package let url: String
    package let problem: Problem

    package init(_ problem: Problem, url: String) {
        self.problem = problem
        self.url = url
    }
}

extension HTTPClientError: CustomStringConvertible {
    package var description: String {
        switch problem {
        case .malformedURL: "\(url) is no URL; write one like https://host:8080/path"
        case .unsupportedScheme(let scheme):
            "\(url) has the scheme \(scheme); write http or https"
        case .unsendable(let what): "\(url): \(what) holds a control character; remove it"
        case .cannotResolve(let host):
            "\(url): no address found for \(host); check the name and the resolver"
        case .cannotConnect(let reason):
            "\(url): cannot connect: \(reason); check that it runs and that the port is right"
        case .connectTimedOut(let time):
            "\(url): no connection within \(Self.text(time)); check the address and the firewall"
        case .forbiddenAddress(let address):
            "\(url): this node may not reach \(address); its owner's rule about addresses says so"
        case .timedOut(let time):
            "\(url): no complete answer within \(Self.text(time)); allow more time or ask for less"
        case .notTrusted(let reason): "\(url): the certificate is not trusted: \(reason)"
        case .unusableCertificate(let reason):
            "\(url): our own certificate cannot be used: \(reason); check its file and the key's"
        case .tooLarge(let limit): "\(url): the answer has more than \(limit) bytes"
        case .tooManyRedirects(let limit): "\(url): more than \(limit) redirects"
        case .broken(let reason): "\(url): the connection broke: \(reason)"
        case .cancelled: "\(url): cancelled"
        }
    }

    private static func text(_ duration: Duration) -> String {
        let milliseconds = duration.wholeMilliseconds
        return milliseconds % 1_000 == 0 ? "\(milliseconds / 1_000) s" : "\(milliseconds) ms"
    }
}

extension Duration {
    /// Rounded down, from 0 to 24 days: curl ignores a timeout beyond `Int32.max` milliseconds.
    var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        let bounded = min(max(0, seconds), Int64(Int32.max) / 1_000 - 1)
        return Int(bounded) * 1_000 + max(0, Int(attoseconds / 1_000_000_000_000_000))
    }
}
