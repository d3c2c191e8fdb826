// From `--listen` to a server's settings.

package import HTTPService

extension HTTPServerSettings {
    /// - Parameter listen: `host:port`, checked already.
    package init(listen: String) {
        let parts = listen.split(separator: ":")
        self.init(
            address: String(parts.first ?? "127.0.0.1"),
            port: parts.last.flatMap { Int($0) } ?? 0
        )
    }
}
