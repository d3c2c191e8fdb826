// A proxy for TCP connections that breaks them when told to.

internal import Platform
internal import Synchronization

/// Stands between clients and a server, and loses things on the way.
package final class ServerProxy: Sendable {
    private struct Pipe {
        let client: Socket
        let server: Socket
    }

    private struct State {
        var isMute = false
        var answerMark: [UInt8] = []
        var lossesOfAnswers = 0
        var lossesOfQuestions = 0
        var pipes: [Int32: Pipe] = [:]
    }

    private let state = Mutex(State())
    private let loop = EventLoop(name: "proxy")
    private let listener: Socket
    private let target: SocketAddress
    /// Where clients find it, as `127.0.0.1:port`.
    package let place: String

    /// A proxy to `target`, as in `127.0.0.1:5432`.
    package init(to target: String) throws {
        guard let target = SocketAddress(target), let any = SocketAddress("127.0.0.1:0") else {
            throw SystemError(code: 22, while: "read \(target)")
        }
        self.target = target
        listener = try Socket.listener(at: any)
        place = "127.0.0.1:\(listener.localAddress?.port ?? 0)"
        loop.watch(listener.descriptor) { [weak self] in self?.accept() }
    }

    deinit {
        loop.stop()
    }

    /// Whether connections are taken and nothing is said on them.
    package var isMute: Bool {
        get { state.withLock { $0.isMute } }
        set { state.withLock { $0.isMute = newValue } }
    }

    /// Cuts the connection, `times` times over, on which the server's answer has the words `mark`
    /// in it; that answer is lost.
    package func loseAnswers(with mark: String, times: Int = 1) {
        state.withLock {
            $0.answerMark = Array(mark.utf8) + [0]
            $0.lossesOfAnswers = times
        }
    }

    /// Cuts the connection on which a client says anything next; what it says is lost.
    package func loseNextQuestion() {
        state.withLock { $0.lossesOfQuestions = 1 }
    }

    /// How many losses that were asked for have not come about yet.
    package var lossesLeft: Int { state.withLock { $0.lossesOfAnswers + $0.lossesOfQuestions } }

    /// Cuts every connection that there is.
    package func cut() {
        loop.call { [weak self] in
            guard let self else { return }
            for pipe in state.withLock({ Array($0.pipes.values) }) { end(pipe) }
        }
    }

    private func accept() {
        while let client = listener.accept() {
            guard let server = try? Socket.connecting(to: target) else { continue }
            let pipe = Pipe(client: client, server: server)
            state.withLock { $0.pipes[client.descriptor] = pipe }
            loop.watch(client.descriptor) { [weak self] in
                self?.pass(from: client, to: server, of: pipe, isAnswer: false)
            }
            loop.watch(server.descriptor) { [weak self] in
                self?.pass(from: server, to: client, of: pipe, isAnswer: true)
            }
        }
    }

    private func pass(from source: Socket, to sink: Socket, of pipe: Pipe, isAnswer: Bool) {
        switch source.read(atMost: 1 << 20) {
        case .nothing: return
        case .end, .failed: end(pipe)
        case .bytes(let bytes):
            if isMute { return }
            if isLost(bytes, isAnswer: isAnswer) {
                end(pipe)
                return
            }
            var rest = bytes[...]
            while !rest.isEmpty {
                guard let count = sink.write(rest) else {
                    end(pipe)
                    return
                }
                rest = rest.dropFirst(count)
            }
        }
    }

    private func isLost(_ bytes: [UInt8], isAnswer: Bool) -> Bool {
        state.withLock { state in
            if isAnswer {
                guard state.lossesOfAnswers > 0, bytes.contains(state.answerMark) else {
                    return false
                }
                state.lossesOfAnswers -= 1
            } else {
                guard state.lossesOfQuestions > 0 else { return false }
                state.lossesOfQuestions -= 1
            }
            return true
        }
    }

    private func end(_ pipe: Pipe) {
        guard state.withLock({ $0.pipes.removeValue(forKey: pipe.client.descriptor) }) != nil else {
            return
        }
        loop.unwatch(pipe.client.descriptor)
        loop.unwatch(pipe.server.descriptor)
    }
}
