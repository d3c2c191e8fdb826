// An HTTP/1.1 server by libmicrohttpd: one thread for all connections, handlers in tasks.

internal import CMicroHTTPD
internal import Glibc
internal import Synchronization

/// A server that answers until ``stop()``.
///
/// While a handler works or a feed is quiet, the connection takes no thread and no processor time.
/// Plain HTTP: encryption is for a proxy in front of it.
@safe
package final class HTTPServer: Sendable {
    /// The port it listens on, also when the settings say 0.
    package let port: Int

    private let service: Service
    private let daemon: Mutex<Daemon?>

    /// Listens at once; requests may come before this returns.
    ///
    /// `handler` runs in a task of its own for each request, many at a time. An answer whose header
    /// holds a control character is replaced by a 500.
    package init(
        settings: HTTPServerSettings,
        handler: @escaping @Sendable (HTTPRequest) async -> HTTPResponse
    ) throws(HTTPServiceError) {
        let faults = settings.faults
        guard faults.isEmpty else { throw .settings(faults) }
        let listener = try Listener(address: settings.address, port: settings.port)
        service = Service(settings: settings, handler: handler)
        guard let started = Daemon(listener: listener, service: service) else {
            close(listener.descriptor)
            throw .cannotListen(
                address: settings.address,
                port: listener.port,
                reason: "out of memory or descriptors"
            )
        }
        daemon = Mutex(started)
        port = listener.port
    }

    deinit {
        stop()
    }

    /// Takes no new connection, ends every feed, and waits for requests being answered.
    ///
    /// Blocks for at most the settings' grace, then cuts off what is left. Calling it again does
    /// nothing.
    package func stop() {
        guard let daemon = daemon.withLock({ $0.take() }) else { return }
        daemon.quiesce()
        service.close()
        daemon.stop()
        service.watcher.stop()
    }
}

/// A thin wrapper over `MHD_Daemon *`.
// Guarded by the server's mutex, which gives it out once.
@safe private struct Daemon: @unchecked Sendable {
    private let pointer: OpaquePointer
    /// Keeps the context of the C callbacks alive for as long as the daemon is.
    private let service: Service

    init?(listener: Listener, service: Service) {
        let seconds = UInt32(max(1, service.settings.idleTimeout.wholeMilliseconds / 1_000))
        let started = unsafe cmicrohttpd_start(
            listener.descriptor,
            Self.handle,
            Self.complete,
            Unmanaged.passUnretained(service).toOpaque(),
            UInt32(service.settings.maximumConnections),
            seconds,
            service.settings.maximumHeader * 2
        )
        guard let started = unsafe started else { return nil }
        unsafe pointer = started
        self.service = service
    }

    /// Closes the listening socket.
    func quiesce() {
        let listener = unsafe MHD_quiesce_daemon(pointer)
        if listener >= 0 { close(listener) }
    }

    /// Closes every connection and ends the thread; none may be suspended.
    func stop() {
        unsafe MHD_stop_daemon(pointer)
        withExtendedLifetime(service) {}
    }

    /// Called first with the headers, then with each piece of the body, then at its end.
    private static let handle: MHD_AccessHandlerCallback = {
        context, connection, path, method, _, data, size, slot in
        guard let context = unsafe context, let connection = unsafe connection,
            let size = unsafe size, let slot = unsafe slot
        else { return .NO }
        guard let known = unsafe slot.pointee else {
            guard let path = unsafe path, let method = unsafe method else { return .NO }
            let service = unsafe Unmanaged<Service>.fromOpaque(context).takeUnretainedValue()
            let handle = unsafe ConnectionHandle(connection)
            let head = unsafe HTTPRequest(
                method: String(cString: method),
                path: String(cString: path),
                query: handle.query,
                headers: handle.headers,
                peer: handle.peer
            )
            guard let exchange = service.open(head, on: handle) else { return .NO }
            unsafe slot.pointee = Unmanaged.passRetained(exchange).toOpaque()
            return exchange.begin()
        }
        let exchange = unsafe Unmanaged<Exchange>.fromOpaque(known).takeUnretainedValue()
        guard unsafe size.pointee > 0 else { return exchange.proceed() }
        let piece = unsafe UnsafeRawBufferPointer(start: data, count: size.pointee)
        unsafe size.pointee = 0
        return unsafe exchange.receive(piece)
    }

    private static let complete: MHD_RequestCompletedCallback = { context, _, slot, _ in
        guard let context = unsafe context, let slot = unsafe slot,
            let known = unsafe slot.pointee
        else { return }
        unsafe slot.pointee = nil
        let service = unsafe Unmanaged<Service>.fromOpaque(context).takeUnretainedValue()
        service.complete(unsafe Unmanaged<Exchange>.fromOpaque(known).takeRetainedValue())
    }
}
