// The client's own thread: all transfers at a time in one `curl_multi_poll(3)`.

internal import CCurl
internal import Glibc
internal import Synchronization

/// A thread that carries out transfers until it is stopped.
///
/// The multi handle belongs to the thread; others only wake it, which curl allows, and not once
/// the thread has seen `isStopping`.
final class TransferLoop: Sendable {
    typealias Number = UInt64

    private enum Command {
        case start(Number, TransferOrder)
        case cancel(Number)
        case resume(Number)
    }

    private struct State {
        var commands: [Command] = []
        var lastNumber: Number = 0
        var isStopping = false
    }

    /// Set up once per process, before the first handle.
    private static let isCurlReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    private let state = Mutex(State())
    private let multi: MultiHandle

    init() {
        precondition(Self.isCurlReady, "libcurl cannot start")
        multi = MultiHandle()
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread,
            nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<TransferLoop>.fromOpaque(context).takeRetainedValue().run()
                return nil
            },
            Unmanaged.passRetained(self).toOpaque()
        )
        precondition(code == 0, "pthread_create failed with \(code)")
        pthread_detach(thread)
    }

    /// Numbers a transfer before it starts, so that it can be cancelled from the first moment.
    func number() -> Number {
        state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
    }

    func start(_ number: Number, _ order: TransferOrder) {
        send(.start(number, order))
    }

    /// Ends a transfer as cancelled; does nothing if it is over.
    func cancel(_ number: Number) {
        send(.cancel(number))
    }

    /// Lets the thread end; nothing may be under way.
    func stop() {
        state.withLock { state in
            state.isStopping = true
            multi.wake()
        }
    }

    private func send(_ command: Command) {
        state.withLock { state in
            state.commands.append(command)
            multi.wake()
        }
    }

    private func run() {
        var running: [Transfer.Key: Transfer] = [:]
        var keys: [Number: Transfer.Key] = [:]
        while true {
            let (commands, isStopping) = state.withLock { state in
                defer { state.commands = [] }
                return (state.commands, state.isStopping)
            }
            if isStopping, commands.isEmpty { break }
            for command in commands {
                switch command {
                case .start(let number, let order):
                    let transfer = Transfer(number, order)
                    running[transfer.key] = transfer
                    keys[number] = transfer.key
                    multi.add(transfer)
                    order.call.valve?.attach { [self] in send(.resume(number)) }
                case .cancel(let number):
                    guard let key = keys.removeValue(forKey: number),
                        let transfer = running.removeValue(forKey: key)
                    else { continue }
                    multi.remove(transfer)
                    transfer.cancel()
                case .resume(let number):
                    keys[number].flatMap { running[$0] }?.resume()
                }
            }
            multi.perform()
            while let (key, code) = multi.nextResult() {
                guard let transfer = running.removeValue(forKey: key) else { continue }
                keys.removeValue(forKey: transfer.number)
                multi.remove(transfer)
                transfer.finish(code)
            }
            multi.wait()
        }
        multi.free()
    }
}
