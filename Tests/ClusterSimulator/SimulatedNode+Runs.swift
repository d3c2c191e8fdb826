// Runs at work: what `RunKeeper` does around `RunMachine`.

internal import LockLease
internal import PeerNode
internal import Platform
internal import Vocabulary

extension SimulatedNode {
    /// Takes an order; one that is known already changes nothing.
    func begin(_ order: RunOrder, digest: Digest, isStopped: Bool) {
        let run = order.grant.run
        guard runs[run] == nil, !finished.contains(run) else { return }
        let isByHand = if case .manual = order.grant.cause { true } else { false }
        runs[run] = Active(
            order: order,
            machine: RunMachine(RunMachine.Rules(order.spec)),
            isByHand: isByHand
        )
        world.evidence.bodies[run] = (digest, isStopped)
        if isLeaving {
            handle(.shutdown(patience: .zero), for: run)
        } else if let kill = earlyKills[run] {
            handle(.kill(author: kill.author, grace: kill.grace), for: run)
        } else {
            handle(.granted, for: run)
        }
    }

    func kill(_ order: KillOrder) {
        if runs[order.run] != nil {
            handle(.kill(author: order.author, grace: order.grace), for: order.run)
        } else if !finished.contains(order.run) {
            earlyKills[order.run] = order
        }
    }

    func handle(_ event: RunMachine.Event, for run: RunID) {
        guard let actions = runs[run]?.machine.handle(event, at: monotonic) else { return }
        for action in actions {
            switch action {
            case .start: launch(run)
            case .end(let signal): runs[run]?.task?.signal(signal)
            case .checkTree:
                world.after(0, on: self, "tree") { [unowned self] in
                    let isAlive = runs[run]?.task?.isAlive ?? false
                    handle(isAlive ? .treeAlive : .treeGone, for: run)
                }
            case .closeOutput, .note: break
            case .wake(let instant):
                world.after(delay(until: instant), on: self, "run") { [unowned self] in
                    handle(.deadlineReached, for: run)
                }
            case .finish(let state, let exit, let reason):
                guard let active = runs.removeValue(forKey: run) else { continue }
                disk.journal.remove(run)
                finished.insert(run)
                let grant = active.order.grant
                ended(
                    RunReport(
                        run: run,
                        key: grant.key,
                        fence: grant.fence,
                        state: state,
                        exit: exit,
                        reason: reason
                    )
                )
            }
        }
    }

    private func launch(_ run: RunID) {
        guard let order = runs[run]?.order else { return }
        disk.journal.insert(run)
        guard let task = world.spawn(order, on: self) else {
            return handle(.startFailed("no such shell"), for: run)
        }
        runs[run]?.task = task
        reach(.afterSpawnBeforeJournal)
        world.after(0, on: self, "started") { [unowned self] in handle(.started, for: run) }
    }
}

/// The processes of one run, which live on when their node's process dies.
final class SimulatedTask {
    unowned let world: World
    let run: RunID
    let host: Int
    let boot: Int
    let life: Int
    private let fails: Bool
    private let ignoresTerm: Bool
    private var due: Int64
    private(set) var isAlive = true

    init(_ order: RunOrder, on node: SimulatedNode, length: Int64, fails: Bool, isDeaf: Bool) {
        world = node.world
        run = order.grant.run
        (host, boot, life) = (node.index, node.boot, node.life)
        (self.fails, ignoresTerm) = (fails, isDeaf)
        due = world.now + length
        plan()
    }

    private func plan() {
        let expected = due
        world.after(due - world.now, "task") { [unowned self] in
            guard isAlive, due == expected else { return }
            end(with: .code(fails ? 1 : 0))
        }
    }

    func signal(_ signal: EndSignal) {
        guard isAlive else { return }
        switch signal {
        case .terminate:
            guard !ignoresTerm else { return }
            later(world.draw(2...200), .signal(15))
        case .kill: later(world.draw(1...20), .signal(9))
        }
    }

    private func later(_ delay: Int64, _ status: ExitStatus) {
        world.after(delay, "task") { [unowned self] in if isAlive { end(with: status) } }
    }

    /// The machine sleeps: nothing of it goes on.
    func sleep(for length: Int64) {
        due += length
        plan()
    }

    /// The machine is off.
    func vanish() {
        guard isAlive else { return }
        isAlive = false
        world.evidence.taskEnded(run, at: world.now)
    }

    private func end(with status: ExitStatus) {
        isAlive = false
        world.evidence.taskEnded(run, at: world.now)
        let node = world.nodes[host]
        guard node.isUp, node.life == life else { return }
        world.after(0, on: node, "ended") { [unowned node, run] in
            node.handle(.outputClosed, for: run)
            node.handle(.ended(.exit(status)), for: run)
        }
    }
}

extension World {
    /// Starts what an order says; `nil` if that fails.
    func spawn(_ order: RunOrder, on node: SimulatedNode) -> SimulatedTask? {
        guard draw(0...499) > 0 else { return nil }
        let habits = TaskHabits(order.spec)
        let task = SimulatedTask(
            order,
            on: node,
            length: draw(habits.shortest...habits.longest),
            fails: happens(habits.failsInPercent),
            isDeaf: happens(habits.deafInPercent)
        )
        say("\(node.name) starts \(order.name.name) for \(order.grant.key.instant)")
        evidence.started(order, task, self)
        return task
    }
}

/// How long a job's task takes and how it ends, written in its command.
struct TaskHabits {
    var shortest: Int64 = 200
    var longest: Int64 = 5_000
    var failsInPercent = 0
    var deafInPercent = 0

    init() {}

    init(_ spec: JobSpec) {
        guard case .shell(let task) = spec.task, case .line(let line) = task.form else { return }
        let numbers = line.split(separator: " ").dropFirst().compactMap { Int64($0) }
        guard numbers.count >= 4 else { return }
        (shortest, longest) = (numbers[0], numbers[1])
        (failsInPercent, deafInPercent) = (Int(numbers[2]), Int(numbers[3]))
    }

    var command: String { "work \(shortest) \(longest) \(failsInPercent) \(deafInPercent)" }
}
