// Where a server listens and how much it takes from strangers.

/// The settings of one server.
package struct HTTPServerSettings: Equatable, Sendable {
    /// A numeric address or a host name; `::` and `0.0.0.0` mean every address of their kind.
    package var address = "127.0.0.1"
    /// 0 takes any free port.
    package var port = 0
    /// The most bytes of a request's body; a longer one is answered 413.
    package var maximumBody = 4 << 20
    /// The most bytes of a request's line and headers; longer ones are answered 431.
    package var maximumHeader = 32 << 10
    /// The most connections at a time; others wait in the kernel's queue.
    package var maximumConnections = 1_024
    /// After how long without a byte a connection is closed; a request being answered is not idle.
    package var idleTimeout = Duration.seconds(60)
    /// How long ``HTTPServer/stop()`` waits for requests being answered.
    package var stopGrace = Duration.seconds(2)

    package init(address: String = "127.0.0.1", port: Int = 0) {
        self.address = address
        self.port = port
    }

    /// Everything wrong with these settings, as sentences.
    package var faults: [String] {
        var faults: [String] = []
        func require(_ isMet: Bool, _ sentence: String) {
            if !isMet { faults.append(sentence) }
        }
        require(
            (0...65_535).contains(port),
            "port \(port) is outside 0–65535; write one in that range, or 0 for any free one"
        )
        require(
            (0...(1 << 30)).contains(maximumBody),
            "a body of \(maximumBody) bytes is outside 0–1 GiB"
        )
        require(
            ((1 << 10)...(1 << 20)).contains(maximumHeader),
            "headers of \(maximumHeader) bytes are outside 1 KiB–1 MiB"
        )
        require(
            (1...100_000).contains(maximumConnections),
            "\(maximumConnections) connections are outside 1–100000"
        )
        require(
            idleTimeout >= .seconds(1) && idleTimeout <= .seconds(86_400),
            "an idle timeout of \(idleTimeout) is outside 1 s–1 d"
        )
        require(
            stopGrace >= .zero && stopGrace <= .seconds(60),
            "a grace of \(stopGrace) at the stop is outside 0–60 s"
        )
        return faults
    }
}
