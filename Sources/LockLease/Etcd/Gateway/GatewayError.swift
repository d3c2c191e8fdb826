// What can go wrong between us and etcd, told apart by what may have happened there.

internal import HTTPClient

/// Why a request to etcd has no answer that counts.
enum GatewayError: Error, Equatable {
    /// Certainly not done.
    case notDone(String)
    /// Perhaps done.
    case lost(String)
    case full(String)
    case corrupt(String)
    /// Beyond what etcd takes in one request.
    case tooLarge(String)
    /// The answer is larger than ours may be; a smaller page will do.
    case answerTooLarge(String)
    /// Something is set up wrongly: another cluster, a wrong password, a file that is missing.
    case refused(String)
    /// The revision to read at is gone.
    case compacted
    case noSuchLease
    case leaseExists
    /// The token is old; a new one may do.
    case unauthenticated(String)

    /// The same for a request that changes nothing: whatever happened, it was not done.
    var ofRead: Self {
        guard case .lost(let why) = self else { return self }
        return .notDone(why)
    }
}

extension GatewayError {
    /// A request that was not answered.
    init(_ error: HTTPClientError) {
        let why = "\(error)"
        switch error.problem {
        case .cannotResolve, .cannotConnect, .connectTimedOut, .forbiddenAddress:
            self = .notDone(why)
        case .malformedURL, .unsupportedScheme, .unsendable, .notTrusted, .unusableCertificate:
            self = .refused(why)
        case .tooLarge: self = .answerTooLarge(why)
        case .timedOut, .tooManyRedirects, .broken, .cancelled: self = .lost(why)
        }
    }

    /// An answer with an error in it.
    ///
    /// etcd's errors are texts with a gRPC code beside them (`etcdserver/api/v3rpc/rpctypes`);
    /// several share a code, so the text decides.
    init(status: Int, body: [UInt8], from endpoint: String) {
        var scanner = GatewayScanner(body)
        var message = ""
        try? scanner.object { scanner, name throws(GatewayFault) in
            if name == "error" || name == "message" { message = try scanner.text() }
        }
        guard !message.isEmpty else {
            // A proxy on the way; or no etcd at all.
            let why = "\(endpoint) answered HTTP \(status)"
            self =
                status == 404
                ? .refused("\(why): it is no etcd with a v3 JSON gateway") : .lost(why)
            return
        }
        self = Self.said(message, by: endpoint)
    }

    private static func said(_ message: String, by endpoint: String) -> Self {
        let said = "\(endpoint): \(message)"
        func says(_ words: String...) -> Bool { words.contains { message.contains($0) } }
        if says("database space exceeded") { return .full(said) }
        if says("corrupt cluster") { return .corrupt(said) }
        if says("required revision has been compacted") { return .compacted }
        if says("requested lease not found") { return .noSuchLease }
        if says("lease already exists") { return .leaseExists }
        if says("request is too large", "message larger than max") {
            return .tooLarge("\(said). Do it in parts, or raise etcd's --max-request-bytes")
        }
        if says("invalid auth token", "revision of auth store is old") {
            return .unauthenticated(said)
        }
        if says("permission denied") {
            return .refused("\(said). Grant the user readwrite on the store's prefix")
        }
        if says("authentication failed", "user name is empty", "authentication is not enabled") {
            return .refused("\(said). Check user and password in the store's URL")
        }
        // Turned away before anything was proposed.
        if says("too many requests") { return .notDone(said) }
        if says("duplicate key", "too many operations", "key is not provided", "invalid range") {
            return .refused("\(said). This is a fault of Rota's; please report it")
        }
        // "request timed out", "leader changed", "server stopped", and whatever else may come.
        return .lost(said)
    }
}

extension StoreError {
    /// etcd's failure in the store's terms.
    init(_ error: GatewayError) {
        switch error {
        case .notDone(let why): self = .unavailable(why)
        case .lost(let why): self = .unknown(why)
        case .full(let why): self = .full(why)
        case .corrupt(let why): self = .corrupt(why)
        case .refused(let why): self = .incompatible("store: \(why)")
        case .tooLarge(let why): self = .tooLarge(why)
        case .answerTooLarge(let why), .unauthenticated(let why): self = .unavailable(why)
        case .compacted: self = .unavailable("etcd was compacted during a read")
        case .noSuchLease, .leaseExists: self = .unavailable("\(error)")
        }
    }
}
