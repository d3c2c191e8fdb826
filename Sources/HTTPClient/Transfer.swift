// One request on its way: what came so far, and who waits for it.

internal import CCurl
internal import Glibc

/// A transfer on the client's thread; nothing here is touched by another one.
@safe
final class Transfer {
    typealias Outcome = Result<HTTPAnswer, HTTPClientError>

    /// Tells transfers apart; the address of curl's handle.
    typealias Key = Int

    let number: TransferLoop.Number
    private let order: TransferOrder
    private let easy: EasyHandle
    private var headers: [(name: String, value: String)] = []
    private var body: [UInt8] = []
    private var received = 0
    private var isHeadSent = false
    private var isTooLarge = false
    /// The first address that the call's rule has refused.
    private var refusedAddress: String?

    init(_ number: TransferLoop.Number, _ order: TransferOrder) {
        self.number = number
        self.order = order
        easy = EasyHandle(order.call)
        unsafe easy.receive(
            headers: { data, size, count, context in
                unsafe Transfer.receive(data, size * count, context) { unsafe $0.takeHeader($1) }
            },
            body: { data, size, count, context in
                if unsafe Transfer.at(context)?.isHeldUp == true { return ccurl_pause() }
                return unsafe Transfer.receive(data, size * count, context) {
                    unsafe $0.takeBody($1)
                }
            },
            context: Unmanaged.passUnretained(self).toOpaque()
        )
        guard order.call.addresses != nil else { return }
        unsafe easy.guardAddresses(
            socket: { context, _, address in
                guard let address = unsafe address else { return CURL_SOCKET_BAD }
                return unsafe Transfer.at(context)?.openSocket(to: address) ?? CURL_SOCKET_BAD
            },
            request: { context, address, _, _, _ in
                guard let address = unsafe address else { return CURL_PREREQFUNC_ABORT }
                let text = unsafe String(cString: address)
                let isAllowed = unsafe Transfer.at(context)?.allows(text) ?? false
                return isAllowed ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
            },
            context: Unmanaged.passUnretained(self).toOpaque()
        )
    }

    private static func at(_ context: UnsafeMutableRawPointer?) -> Transfer? {
        unsafe context.map { unsafe Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
    }

    /// A socket for `address`, which is what the name was resolved to just now.
    private func openSocket(
        to address: UnsafeMutablePointer<curl_sockaddr>
    ) -> curl_socket_t {
        let bytes = unsafe withUnsafePointer(to: &address.pointee.addr) {
            unsafe NumericAddress.bytes(of: $0)
        }
        guard let bytes, order.call.addresses?.allows(bytes) != false else {
            refusedAddress = refusedAddress ?? bytes.map(NumericAddress.text) ?? "this address"
            return CURL_SOCKET_BAD
        }
        let type = unsafe address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
        return unsafe socket(address.pointee.family, type, address.pointee.`protocol`)
    }

    /// Connections that were kept may have been opened under another rule.
    private func allows(_ address: String) -> Bool {
        let bytes = NumericAddress.bytes(address)
        guard let bytes, order.call.addresses?.allows(bytes) != false else {
            refusedAddress = refusedAddress ?? address
            return false
        }
        return true
    }

    /// Takes up the body again after its valve was opened.
    func resume() {
        easy.resume()
    }

    var handle: UnsafeMutableRawPointer { unsafe easy.pointer }
    var key: Key { unsafe Key(bitPattern: easy.pointer) }

    /// - Returns: what curl's callbacks return: `count`, or another number to end the transfer.
    private static func receive(
        _ data: UnsafePointer<CChar>?,
        _ count: Int,
        _ context: UnsafeMutableRawPointer?,
        _ take: (Transfer, UnsafeRawBufferPointer) -> Bool
    ) -> Int {
        guard let context = unsafe context else { return -1 }
        let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
        let bytes = unsafe UnsafeRawBufferPointer(start: data, count: count)
        return unsafe take(transfer, bytes) ? count : -1
    }

    /// Whether the body is to wait; curl then offers the same bytes again.
    private var isHeldUp: Bool { order.call.valve?.isClosed == true }

    /// One line with its end; a status line starts the headers anew, as after a redirect.
    private func takeHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let line = unsafe [UInt8](bytes)
        if line.starts(with: "HTTP/".utf8) {
            headers = []
        } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
            let name = line[..<colon].map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
            headers.append(
                (String(decoding: name, as: UTF8.self), Self.trimmed(line[(colon + 1)...]))
            )
        } else if line == [0x0D, 0x0A] || line == [0x0A] {
            sendHeadUnlessMoreComes()
        }
        return true
    }

    /// Without the white space of RFC 9110 section 5.6.3 and the line's end around it.
    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> String {
        func isSpace(_ byte: UInt8) -> Bool {
            byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A
        }
        let start = bytes.drop(while: isSpace)
        let end = start.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? start.startIndex
        return String(decoding: start[..<end], as: UTF8.self)
    }

    /// After 100 Continue and a redirect that is followed, another head comes.
    private func sendHeadUnlessMoreComes() {
        let status = easy.status
        let isFollowed =
            order.call.redirectLimit > 0 && (300...399).contains(status)
            && headers.contains { $0.name == "location" }
        if status >= 200, !isFollowed { sendHead() }
    }

    private func sendHead() {
        guard !isHeadSent else { return }
        isHeadSent = true
        order.receive?(.head(status: easy.status, headers: headers))
    }

    private func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        received += bytes.count
        guard received <= order.call.maximumResponse else {
            isTooLarge = true
            return false
        }
        if let receive = order.receive {
            sendHead()
            unsafe receive(.chunk([UInt8](bytes)))
        } else {
            unsafe body.append(contentsOf: bytes)
        }
        return true
    }

    /// curl is done with the transfer; this or ``cancel()`` is called once, at its end.
    func finish(_ code: CURLcode) {
        guard code == CURLE_OK else { return fail(problem(of: code)) }
        if order.receive != nil { sendHead() }
        order.finish(.success(HTTPAnswer(status: easy.status, headers: headers, body: body)))
    }

    func cancel() {
        fail(.cancelled)
    }

    private func fail(_ problem: HTTPClientError.Problem) {
        order.finish(.failure(HTTPClientError(problem, url: order.url.shown)))
    }

    private func problem(of code: CURLcode) -> HTTPClientError.Problem {
        let words = unsafe String(cString: curl_easy_strerror(code))
        switch code {
        case CURLE_WRITE_ERROR where isTooLarge:
            return .tooLarge(limit: order.call.maximumResponse)
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
            return .cannotResolve(host: order.url.host)
        case CURLE_COULDNT_CONNECT where refusedAddress != nil, CURLE_ABORTED_BY_CALLBACK:
            return .forbiddenAddress(refusedAddress ?? order.url.host)
        case CURLE_COULDNT_CONNECT: return .cannotConnect(easy.connectFailure)
        case CURLE_OPERATION_TIMEDOUT:
            let limit = order.call.timeout
            if easy.isConnected || limit.map({ $0 < order.call.connectTimeout }) == true {
                return .timedOut(after: limit ?? .zero)
            }
            return .connectTimedOut(after: order.call.connectTimeout)
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE: return .notTrusted(words)
        case CURLE_SSL_CERTPROBLEM: return .unusableCertificate(words)
        case CURLE_SSL_CONNECT_ERROR: return .cannotConnect(words)
        case CURLE_TOO_MANY_REDIRECTS: return .tooManyRedirects(limit: order.call.redirectLimit)
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT: return .malformedURL
        case _: return .broken(words)
        }
    }
}

/// What the caller wants, handed over to the client's thread.
struct TransferOrder: Sendable {
    let call: HTTPCall
    let url: CheckedURL
    let receive: (@Sendable (HTTPStreamEvent) -> Void)?
    /// Called exactly once, on the client's thread.
    let finish: @Sendable (Transfer.Outcome) -> Void
}
