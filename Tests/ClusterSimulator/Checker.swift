// Reads the evidence when all is over: the history of edits, what tasks left, and the last dump.

internal import LockLease
internal import Vocabulary

/// The account of one scenario, worked out without the product's schedules or rules.
///
/// What is due is worked out by ``SlowCron`` from the edits in the order of their commits. Close to
/// an edit's commit nobody can say what had to be: such instants may have a verdict or not.
struct Checker {
    /// One instant of a job.
    struct Target {
        let instant: Instant
        /// It had to get a verdict.
        let isOwed: Bool
        let isPaused: Bool
        let spec: JobSpec
    }

    /// A stretch of a job's life under one edit.
    private struct Reign {
        let spec: JobSpec
        let pause: Pause?
        let from: Instant
        let to: Instant
    }

    let world: World
    let inspector: Inspector
    let evidence: Evidence
    let model: ModelStore
    var end: Instant

    init(_ world: World) {
        self.world = world
        inspector = world.inspector
        evidence = world.evidence
        model = world.store.model
        end = world.instant(world.now)
    }

    func report(_ invariant: String, _ subject: String, _ at: Instant, _ text: String) {
        evidence.report(invariant, at: world.time(of: at), subject, text)
    }

    func run() {
        let records = (evidence.archived + model.runs).sorted { $0.id < $1.id }
        var rows: [UID: [RunRecord]] = [:]
        for record in records { rows[record.key.job, default: []].append(record) }
        let waiting = model.waiting
        for uid in inspector.edits.keys.sorted() {
            let account = Account(
                uid: uid,
                edits: inspector.edits[uid] ?? [],
                runs: rows[uid] ?? [],
                skips: model.skips(of: uid),
                waiting: waiting.filter { $0.key.job == uid },
                cursor: model.cursor(of: uid)
            )
            guard let last = account.edits.last, let first = account.edits.first else { continue }
            let targets = targets(of: account, from: first.createdAt)
            checkVerdicts(account, targets)
            checkOrigins(account, targets)
            if last.job != nil {
                checkSkips(account, targets)
                checkPunctuality(account, targets)
                checkCursor(account, targets)
            }
            checkEdits(account)
        }
        checkOverlaps()
        checkRest()
    }

    /// All that is known of one job.
    struct Account {
        let uid: UID
        let edits: [Inspector.Edit]
        let runs: [RunRecord]
        let skips: [SkipRange]
        let waiting: [Trigger]
        let cursor: Instant?

        var name: String { edits.last?.key.name ?? uid.text }
    }

    // MARK: What was due

    func targets(of account: Account, from created: Instant) -> [Target] {
        var found: [Instant: Target] = [:]
        for (index, reign) in reigns(of: account.edits, from: created).enumerated() {
            guard let text = reign.spec.schedule,
                let cron = SlowCron(text, zone: reign.spec.timeZone)
            else { continue }
            // Around its own end an edit may have been followed a little longer.
            let through = min(end, doubtful(account.edits, index + 1)?.to ?? reign.to)
            let due = cron.due(
                after: reign.from.unixMilliseconds,
                through: max(through, reign.to).unixMilliseconds
            )
            for milliseconds in due {
                let instant = Instant(unixMilliseconds: milliseconds)
                guard instant <= end else { break }
                let isOwed = instant <= reign.to && !isDoubtful(instant, account.edits)
                if let other = found[instant], other.isOwed, !isOwed { continue }
                let isPaused =
                    reign.pause.map {
                        $0.since < instant && instant <= ($0.until ?? .endOfTime)
                    } ?? false
                found[instant] = Target(
                    instant: instant,
                    isOwed: isOwed,
                    isPaused: isPaused,
                    spec: reign.spec
                )
            }
        }
        return found.values.sorted { $0.instant < $1.instant }
    }

    private func reigns(of edits: [Inspector.Edit], from created: Instant) -> [Reign] {
        var reigns: [Reign] = []
        for (index, edit) in edits.enumerated() {
            guard let job = edit.job else { continue }
            let from = index == 0 ? created : edit.declaredAt
            let to = index + 1 < edits.count ? edits[index + 1].declaredAt : .endOfTime
            reigns.append(
                Reign(spec: job.spec, pause: job.pause, from: max(from, created), to: min(to, end))
            )
        }
        return reigns
    }

    /// Around the edit of that number: claims under the one before may have gone ahead of it.
    private func doubtful(
        _ edits: [Inspector.Edit],
        _ index: Int
    ) -> (from: Instant, to: Instant)? {
        guard index < edits.count, index > 0 else { return nil }
        let edit = edits[index]
        let latest = edit.storeClock.advanced(by: .milliseconds(501))
        return (
            min(edit.declaredAt, edit.storeClock).advanced(by: .milliseconds(-1)),
            max(edit.declaredAt, latest)
        )
    }

    private func isDoubtful(_ instant: Instant, _ edits: [Inspector.Edit]) -> Bool {
        edits.indices.contains { index in
            if edits[index].hasForgottenEra, instant <= edits[index].storeClock { return true }
            guard let zone = doubtful(edits, index) else { return false }
            return zone.from < instant && instant <= zone.to
        }
    }

    // MARK: Verdicts (I10, I11)

    private func checkVerdicts(_ account: Account, _ targets: [Target]) {
        guard let cursor = account.cursor, let created = account.edits.first?.createdAt else {
            return
        }
        var verdicts: [Instant: Int] = [:]
        for run in account.runs where run.key.attempt == 1 && !run.cause.isByHand {
            verdicts[run.key.instant, default: 0] += 1
        }
        for trigger in account.waiting where trigger.key.attempt == 1 && !trigger.cause.isByHand {
            verdicts[trigger.key.instant, default: 0] += 1
        }
        for target in targets where target.instant > created {
            let instant = target.instant
            let skips = account.skips.count { $0.from < instant && instant <= $0.through }
            let count = verdicts[instant, default: 0] + skips
            if instant > cursor {
                if count > 0 {
                    report("I10", account.name, instant, "a verdict beyond the cursor \(cursor)")
                }
            } else if count == 0, target.isOwed {
                report("I10", account.name, instant, "\(instant) has no verdict: a silent miss")
            } else if count > 1 {
                report("I10", account.name, instant, "\(instant) has \(count) verdicts")
            }
        }
    }

    /// Nothing runs that no edit, person or earlier attempt has asked for.
    private func checkOrigins(_ account: Account, _ targets: [Target]) {
        let due = Set(targets.map(\.instant))
        let attempts = Dictionary(
            account.runs.map { ($0.key, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        for run in account.runs {
            if run.key.attempt > 1 {
                guard evidence.rollbacks == 0 else { continue }
                let before = RunKey(
                    job: run.key.job,
                    instant: run.key.instant,
                    attempt: run.key.attempt - 1
                )
                let state = attempts[before]?.state
                if state == nil || state?.isOpen == true || state == .succeeded {
                    report(
                        "I11",
                        account.name,
                        run.key.instant,
                        "\(run.key) follows \(state as Any)"
                    )
                }
            } else if run.cause.isByHand {
                guard !inspector.manual.contains(run.key) else { continue }
                report("I11", account.name, run.key.instant, "nobody asked for \(run.key)")
            } else if !due.contains(run.key.instant), evidence.rollbacks == 0 {
                report("I11", account.name, run.key.instant, "\(run.key.instant) was never due")
            }
        }
    }

    private func checkEdits(_ account: Account) {
        guard let last = account.edits.last(where: \.isAcknowledged) else { return }
        let record = model.object(last.key)
        if record.map({ $0.revision < last.revision }) ?? true {
            report("I8", account.name, end, "the acknowledged \(last.revision) is gone")
        }
    }
}

extension Cause {
    var isByHand: Bool {
        if case .manual = self { true } else { false }
    }
}
