// A thin, owning wrapper over one `CURL *`: every option of a transfer is set here.

internal import CCurl
internal import Glibc

/// One transfer's handle, freed when the value is destroyed.
@safe
struct EasyHandle: ~Copyable {
    let pointer: UnsafeMutableRawPointer
    private let headers: UnsafeMutablePointer<curl_slist>?

    init(_ call: HTTPCall) {
        guard let made = unsafe curl_easy_init() else { preconditionFailure("out of memory") }
        unsafe pointer = made
        unsafe headers = Self.list(call)
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_URL, call.url)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
        set(CURLOPT_FOLLOWLOCATION, call.redirectLimit > 0 ? 1 : 0)
        set(CURLOPT_MAXREDIRS, call.redirectLimit)
        set(CURLOPT_CONNECTTIMEOUT_MS, max(1, call.connectTimeout.wholeMilliseconds))
        if let timeout = call.timeout {
            set(CURLOPT_TIMEOUT_MS, max(1, timeout.wholeMilliseconds))
        }
        set(CURLOPT_TCP_KEEPALIVE, 1)
        unsafe ccurl_set_list(pointer, CURLOPT_HTTPHEADER, headers)
        setIdentity(call.identity)
        switch call.proxy {
        case .environment: break
        case .none: set(CURLOPT_NOPROXY, "*")
        }
        setMethod(call)
    }

    deinit {
        unsafe curl_easy_cleanup(pointer)
        unsafe curl_slist_free_all(headers)
    }

    private func setIdentity(_ identity: HTTPIdentity) {
        if let file = identity.authorities { set(CURLOPT_CAINFO, file) }
        if let file = identity.certificate { set(CURLOPT_SSLCERT, file) }
        if let file = identity.key ?? identity.certificate { set(CURLOPT_SSLKEY, file) }
    }

    private func setMethod(_ call: HTTPCall) {
        if call.method == "HEAD" {
            set(CURLOPT_NOBODY, 1)
        } else if call.method == "GET", call.body.isEmpty {
            set(CURLOPT_HTTPGET, 1)
        } else {
            let hasBody = !call.body.isEmpty || ["POST", "PUT", "PATCH"].contains(call.method)
            if hasBody {
                unsafe ccurl_set_size(
                    pointer,
                    CURLOPT_POSTFIELDSIZE_LARGE,
                    curl_off_t(call.body.count)
                )
                // curl keeps a copy, so the array may go.
                unsafe ccurl_set_bytes(pointer, CURLOPT_COPYPOSTFIELDS, call.body)
            }
            // With POST unsaid, curl turns it into GET where a redirect wants that.
            if call.method != "POST" { set(CURLOPT_CUSTOMREQUEST, call.method) }
        }
    }

    /// Sets where the headers and the body go; `context` must outlive the transfer.
    func receive(
        headers: @escaping curl_write_callback,
        body: @escaping curl_write_callback,
        context: UnsafeMutableRawPointer
    ) {
        unsafe ccurl_set_receiver(
            pointer,
            CURLOPT_HEADERFUNCTION,
            headers,
            CURLOPT_HEADERDATA,
            context
        )
        unsafe ccurl_set_receiver(pointer, CURLOPT_WRITEFUNCTION, body, CURLOPT_WRITEDATA, context)
    }

    /// Sets who is asked before a socket is opened, and before a request is sent on one that is
    /// open already; `context` must outlive the transfer.
    func guardAddresses(
        socket: @escaping curl_opensocket_callback,
        request: @escaping curl_prereq_callback,
        context: UnsafeMutableRawPointer
    ) {
        unsafe ccurl_set_guard(pointer, socket, request, context)
    }

    /// Lets a transfer go on that was held up; its callbacks may run in here.
    func resume() {
        unsafe curl_easy_pause(pointer, CURLPAUSE_CONT)
    }

    var status: Int { unsafe ccurl_status(pointer) }
    /// On a connection that was kept, connecting has taken no time.
    var isConnected: Bool {
        unsafe ccurl_connect_time(pointer) > 0 || ccurl_sent(pointer) > 0
    }

    /// Why the kernel did not connect.
    var connectFailure: String {
        let code = unsafe Int32(truncatingIfNeeded: ccurl_errno(pointer))
        return code == 0 ? "no answer" : unsafe String(cString: strerror(code))
    }

    private func set(_ option: CURLoption, _ number: Int) {
        unsafe ccurl_set_number(pointer, option, number)
    }

    private func set(_ option: CURLoption, _ text: String) {
        unsafe ccurl_set_text(pointer, option, text)
    }

    /// curl would call a body a form unless told otherwise.
    private static func list(_ call: HTTPCall) -> UnsafeMutablePointer<curl_slist>? {
        var lines = call.headers.map {
            $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)"
        }
        if !call.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            lines.append("Content-Type:")
        }
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines { unsafe list = curl_slist_append(list, line) }
        return unsafe list
    }
}
