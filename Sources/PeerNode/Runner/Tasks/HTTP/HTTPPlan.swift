// Which requests an HTTP task makes: the first, and where redirects lead.

internal import HTTPClient
internal import Sealing
internal import Vocabulary

/// The requests of one run, one after the other.
struct HTTPPlan {
    /// The header that says where the end of asynchronous work is to be told.
    static let callbackHeader = "Rota-Callback"

    /// The request to make now.
    private(set) var call: HTTPCall
    private var redirectsLeft: Int
    private let redirectLimit: Int
    /// What a stranger may see: our own headers without the callback.
    private let harmless: [(name: String, value: String)]

    /// Plans the first request, with `values` in the task's templates.
    ///
    /// `callback` is where the end of asynchronous work is told; `addresses` says what the node's
    /// owner lets tasks reach. Throws what has no value on this node.
    init(
        _ task: HTTPTask,
        for order: RunOrder,
        values: [String: String],
        callback: String?,
        addresses: AddressRule
    ) throws(TaskTemplate.Flaw) {
        func filled(_ text: String) throws(TaskTemplate.Flaw) -> String {
            try TaskTemplate(text).filled(with: values)
        }
        var task = task
        for (name, text) in task.headers { task.headers[name] = try filled(text) }
        var headers = TaskVariables.headers(for: order, task: task)
        harmless = headers.filter { task.headers[$0.name] == nil }
        switch task.credentials {
        case .basic(let user, let password)?:
            let pair = "\(try filled(user)):\(try filled(password))"
            headers.append(("Authorization", "Basic \(Base64.text(Array(pair.utf8)))"))
        case .bearer(let token)?: headers.append(("Authorization", "Bearer \(try filled(token))"))
        case nil: break
        }
        if let callback { headers.append((Self.callbackHeader, callback)) }
        // Only a request without effects is sent on by itself to where a redirection points.
        let isSafe = ["GET", "HEAD"].contains(task.method)
        redirectLimit = task.redirectLimit ?? (isSafe ? 5 : 0)
        redirectsLeft = redirectLimit
        call = HTTPCall(
            method: task.method,
            url: try TaskTemplate(task.url).filled(
                with: values,
                escape: TaskTemplate.escapedForURL
            ),
            headers: headers,
            body: Array(try filled(task.body ?? "").utf8),
            // The run's own timeout comes first; this one ends what did not hear of it.
            timeout: order.spec.timeout.map { $0 + order.spec.killGrace },
            connectTimeout: task.connectTimeout,
            maximumResponse: 1 << 40,
            identity: HTTPIdentity(
                authorities: task.files.authorities,
                certificate: task.files.certificate,
                key: task.files.key
            )
        )
        call.addresses = addresses
    }

    /// Whether an answer with `status` and `location` sends us on.
    func isRedirected(_ status: Int, _ location: String?) -> Bool {
        redirectLimit > 0 && location != nil && [301, 302, 303, 307, 308].contains(status)
    }

    /// Why a redirect is not followed.
    struct Refusal: Error, Equatable {
        let words: String
    }

    /// Makes the request to where an answer has sent us the next one.
    ///
    /// Nobody but the server that the job names gets its headers, its body, its credentials, its
    /// certificate or its callback; and what began encrypted stays so.
    ///
    /// - SeeAlso: RFC 9110, section 15.4.
    mutating func follow(_ status: Int, to location: String) throws(Refusal) {
        guard redirectsLeft > 0 else {
            throw Refusal(words: "HTTP \(status): more than \(redirectLimit) redirects")
        }
        redirectsLeft -= 1
        guard let redirect = Redirect(location: location, from: call.url) else {
            throw Refusal(words: "HTTP \(status) leads to what is no URL")
        }
        guard !redirect.isDowngrade else {
            throw Refusal(
                words: "HTTP \(status) leads from https to http, where everybody could read along; "
                    + "it was not followed"
            )
        }
        let becomesGET = status == 303 || (status <= 302 && call.method == "POST")
        if becomesGET, call.method != "HEAD" {
            call.method = "GET"
            call.body = []
            call.headers.removeAll { $0.name.lowercased() == "content-type" }
        }
        if !redirect.isSameOrigin {
            guard ["GET", "HEAD"].contains(call.method), call.body.isEmpty else {
                throw Refusal(
                    words: "HTTP \(status) leads \(call.method) to another server; it was not "
                        + "followed, for the body was not meant for that one"
                )
            }
            call.headers = harmless
            call.identity.certificate = nil
            call.identity.key = nil
        }
        call.url = redirect.url
    }

    /// The request that ends asynchronous work at `location`, where its 202 said that it is.
    ///
    /// - Returns: `nil` for another server, which is none of our business.
    func ending(at location: String) -> HTTPCall? {
        guard let place = Redirect(location: location, from: call.url), place.isSameOrigin else {
            return nil
        }
        var ending = call
        ending.method = "DELETE"
        ending.url = place.url
        ending.body = []
        ending.valve = nil
        ending.timeout = .seconds(5)
        ending.headers.removeAll {
            ["content-type", Self.callbackHeader.lowercased()].contains($0.name.lowercased())
        }
        return ending
    }
}
