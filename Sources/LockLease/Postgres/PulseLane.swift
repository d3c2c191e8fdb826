// News of the store: notifications where they come through, and a look now and then behind them.

internal import Platform
internal import Postgres
internal import Vocabulary

/// Waits for something to move in the store, and tells others that something has.
///
/// `NOTIFY` is sent from here, behind the commit that it tells of, and not within it: the server
/// lets transactions that notify commit only one after the other, and claims must not stand in that
/// queue. Several hints in short succession become one. A hint that is lost costs nothing but the
/// time until the next look.
actor PulseLane {
    private struct Waiter {
        let number: Int
        let continuation: CheckedContinuation<Void, Never>
    }

    /// The shortest time between two notifications of ours.
    private static let hintInterval = Duration.milliseconds(20)

    private let link: ServerLink
    private let channel: String
    private let interval: Duration
    private let loop: EventLoop
    private var waiters: [Waiter] = []
    private var waiterCount = 0
    private var watched: Int32 = -1
    private var isHintDue = false

    init(_ url: PostgresStoreURL, _ settings: PostgresStoreSettings, _ line: StoreLine) {
        channel = "rota_\(url.schema)"
        interval = settings.pulseInterval
        loop = EventLoop(name: "store-pulses")
        link = ServerLink(
            url,
            settings,
            line,
            greeting: [
                Step.once("LISTEN \(channel)"),
                Step.once("SELECT set_config('synchronous_commit', 'off', false)"),
            ]
        )
    }

    deinit {
        loop.stop()
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }

    func disconnect() {
        unwatch()
        link.close()
        wakeAll()
    }

    // MARK: Waiting

    func pulse() throws(StoreError) -> StorePulse {
        let sql = """
            SELECT head_epoch, sequence, digest, \(PostgresLeaseStore.total("triggers")),
            \(PostgresLeaseStore.total("kills")) FROM meta
            """
        let pulse = try link.read(sql).first("the store") { columns in
            let revision = columns.revision()
            return StorePulse(
                head: Position(revision: revision, digest: columns.digest()),
                triggers: columns.integer(),
                kills: columns.integer()
            )
        }
        watch()
        guard let pulse else {
            throw .corrupt("\(link.url.address) has lost the store's own row")
        }
        return pulse
    }

    func pulse(
        after seen: StorePulse,
        within limit: Duration
    ) async throws(StoreError) -> StorePulse {
        let end = SystemClock.monotonic.advanced(by: limit)
        while true {
            let found = try pulse()
            let left = SystemClock.monotonic.duration(to: end)
            guard found == seen, left > .zero, !Task.isCancelled else { return found }
            await sleep(min(left, interval))
        }
    }

    /// Until `limit` is over, somebody notifies, or the task is cancelled.
    private func sleep(_ limit: Duration) async {
        waiterCount += 1
        let number = waiterCount
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                waiters.append(Waiter(number: number, continuation: continuation))
                loop.call(at: SystemClock.monotonic.advanced(by: limit)) { [weak self] in
                    self?.assumeIsolated { $0.wake(number) }
                }
            }
        } onCancel: {
            loop.call { [weak self] in self?.assumeIsolated { $0.wake(number) } }
        }
    }

    private func wake(_ number: Int) {
        guard let place = waiters.firstIndex(where: { $0.number == number }) else { return }
        waiters.remove(at: place).continuation.resume()
    }

    private func wakeAll() {
        for waiter in waiters { waiter.continuation.resume() }
        waiters = []
    }

    // MARK: The socket

    /// Keeps an eye on the connection's socket, which changes whenever the connection does.
    private func watch() {
        guard link.descriptor != watched else { return }
        unwatch()
        watched = link.descriptor
        guard watched >= 0 else { return }
        loop.watch(watched) { [weak self] in self?.assumeIsolated { $0.readable() } }
    }

    private func unwatch() {
        if watched >= 0 { loop.unwatch(watched) }
        watched = -1
    }

    private func readable() {
        do throws(StoreError) {
            let news = try link.notifications()
            if !news.isEmpty { wakeAll() }
        } catch {
            // The server is gone; whoever waits finds that out by asking.
            unwatch()
            wakeAll()
        }
    }

    // MARK: Telling

    /// Has the others look, soon.
    nonisolated func hint() {
        loop.call { [weak self] in self?.assumeIsolated { $0.scheduleHint() } }
    }

    private func scheduleHint() {
        guard !isHintDue else { return }
        isHintDue = true
        loop.call(at: SystemClock.monotonic.advanced(by: Self.hintInterval)) { [weak self] in
            self?.assumeIsolated { $0.sendHint() }
        }
    }

    private func sendHint() {
        isHintDue = false
        _ = try? link.read("SELECT pg_notify($1, '')", [.text(channel)])
        watch()
    }
}
