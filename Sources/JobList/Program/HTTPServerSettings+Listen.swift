// From `--listen` to a server's settings.

package import HTTPService
internal import Platform

extension HTTPServerSettings {
    /// - Parameter listen: `host:port` or `[host]:port`, checked already.
    package init(listen: String) {
        let (host, port) = SocketAddress.split(listen) ?? ("127.0.0.1", 0)
        self.init(address: host, port: Int(port))
    }
}
