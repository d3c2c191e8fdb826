// Whether skips and lateness have an excuse, and whether executions kept apart.

internal import LockLease
internal import Vocabulary

extension Checker {
    // MARK: Skips (I17)

    func checkSkips(_ account: Account, _ targets: [Target]) {
        for skip in account.skips {
            let covered = targets.filter { skip.from < $0.instant && $0.instant <= skip.through }
            let owed = covered.count(where: \.isOwed)
            if skip.count > 0, !(owed...covered.count).contains(skip.count) {
                let text = "\(skip) counts \(skip.count), there are \(owed) to \(covered.count)"
                report("I10", account.name, skip.through, text)
            }
            for target in covered where target.isOwed {
                guard let fault = fault(of: skip.reason, for: target, account, targets) else {
                    continue
                }
                let text =
                    "\(target.instant) was skipped as \(skip.reason.rawValue), though \(fault)"
                report("I17", account.name, target.instant, text)
                break
            }
        }
    }

    /// Why `reason` is no excuse; `nil`: it is one.
    private func fault(
        of reason: SkipReason,
        for target: Target,
        _ account: Account,
        _ targets: [Target]
    ) -> String? {
        // A later edit may have changed the policy by the time of the claim.
        let specs = account.edits.compactMap { $0.job?.spec }
        let at = world.time(of: target.instant)
        switch reason {
        case .overlap:
            return specs.contains { $0.overlap != .allow(limit: nil) && $0.overlap != .replace }
                ? nil : "the job lets runs overlap"
        case .superseded:
            return specs.contains { $0.overlap == .replace } ? nil : "nothing replaces it"
        case .paused: return target.isPaused ? nil : "the job was not paused"
        case .history: return inspector.acceptedAt.isEmpty ? "no history was accepted" : nil
        case .misfire, .window, .limit, .store: break
        }
        if target.isPaused { return "it was paused then" }
        if reason == .limit, !specs.contains(where: \.isLimited) { return "nothing limits it" }
        if reason == .store, !specs.contains(where: { $0.storeLoss == .skip }) {
            return "the job holds when the store is away"
        }
        if reason == .misfire, specs.allSatisfy(\.isLimited) { return "all are to be caught up" }
        // Right after a change of the job its node may have had to look twice.
        let isQuiet = !account.edits.contains {
            abs(world.time(of: target.instant) - $0.committedAt) < 30_000
        }
        let wasPaused = account.edits.contains { $0.job?.pause != nil }
        guard isQuiet, !wasPaused, evidence.isCalmForAll(at - 1_000, at + 10_000) else {
            return nil
        }
        // One node that is well decides in time, whatever ails the others.
        let well = eligible(target.spec).first { evidence.isCalm($0, at - 1_000, at + 10_000) }
        return well.map { "n\($0 + 1) was well" }
    }

    private func eligible(_ spec: JobSpec) -> [Int] {
        world.nodes.filter { spec.selector.matches(name: $0.name, tags: $0.tags) }.map(\.index)
    }

    // MARK: Punctuality (I16), and that all is caught up (I17)

    /// How much later than due a verdict may come while one eligible node is well.
    static let bound: Int64 = 3_000

    func checkPunctuality(_ account: Account, _ targets: [Target]) {
        let moves = inspector.moves[account.uid] ?? []
        var place = 0
        for target in targets where target.isOwed && !target.isPaused {
            while place < moves.count, moves[place].to < target.instant { place += 1 }
            let at = world.time(of: target.instant)
            let decidedAt = place < moves.count ? moves[place].at : world.now
            guard decidedAt - at > Self.bound, at + Self.bound < world.now else { continue }
            let (from, to) = (at - 1_000, at + Self.bound)
            guard evidence.isCalmForAll(from, to), !isBusy(account, at) else { continue }
            guard let well = eligible(target.spec).first(where: { evidence.isCalm($0, from, to) })
            else { continue }
            let text = """
                \(target.instant) was decided \(decidedAt - at) ms late, though \
                n\(well + 1) was well
                """
            report("I16", account.name, target.instant, text)
        }
    }

    /// Whether an edit, or a pause and what it left behind, may hold the job up.
    private func isBusy(_ account: Account, _ at: Int64) -> Bool {
        let lately = account.edits.contains {
            $0.committedAt > at - 15_000 && $0.committedAt < at + 15_000
        }
        let paused = account.edits.contains { edit in
            edit.job?.pause.map { pause in
                world.time(of: pause.since) - 1_000 <= at
                    && (pause.until.map { world.time(of: $0) + 15_000 >= at } ?? true)
            } ?? false
        }
        return lately || paused
    }

    func checkCursor(_ account: Account, _ targets: [Target]) {
        guard let job = account.edits.last?.job, let cursor = account.cursor,
            !job.isPaused(at: end), job.pause == nil, !eligible(job.spec).isEmpty
        else { return }
        let late = end.advanced(by: .seconds(-5))
        let open = targets.first { $0.isOwed && $0.instant > cursor && $0.instant <= late }
        if let open {
            let text = "\(open.instant) has no verdict at the end; the cursor stands at \(cursor)"
            report("I17", account.name, open.instant, text)
        }
    }

    // MARK: Executions (I9)

    /// Executions of a job that forbids overlap lie apart in true time, unless the older one's node
    /// was cut off, stopped or dead, so that its run was taken over.
    func checkOverlaps() {
        var byJob: [UID: [Evidence.Start]] = [:]
        for start in evidence.starts { byJob[start.key.job, default: []].append(start) }
        for uid in byJob.keys.sorted() {
            guard let edits = inspector.edits[uid], edits.allSatisfy(\.keepsApart) else { continue }
            let starts = (byJob[uid] ?? []).sorted { ($0.at, $0.run) < ($1.at, $1.run) }
            for (index, start) in starts.enumerated() {
                for older in starts[..<index] where older.endedAt.map({ $0 > start.at }) ?? true {
                    judge(older, start)
                }
            }
        }
    }

    private func judge(_ older: Evidence.Start, _ newer: Evidence.Start) {
        let isExcused = [older, newer].contains { start in
            guard let claim = inspector.claimed[start.run] else { return false }
            let isTakenOver = claim.state == .lost || claim.isForgotten
            return isTakenOver
                && (!evidence.isCalm(start.node, claim.at, newer.at)
                    || !evidence.isCalmForAll(claim.at, newer.at))
        }
        guard isExcused else {
            let state = inspector.claimed[older.run]?.state
            let text = "\(older.run) was under way when \(newer.run) started; it is \(state as Any)"
            return report("I9", newer.name, world.instant(newer.at), text)
        }
        evidence.unfencedOverlaps += 1
    }

    // MARK: What is left (I18, I19)

    func checkRest() {
        for run in model.openRuns {
            let claimed = world.time(of: run.claimedAt)
            guard claimed < world.now - world.setup.term * 2 else { continue }
            let isLive = model.isLive(run.session)
            let isUnderWay = world.evidence.tasks[run.id]?.isAlive == true
            let node = world.nodes.first { $0.name == run.node }
            let isKept = node?.openRuns[run.id] != nil || node?.isReporting(run.id) == true
            if !isLive || !(isUnderWay || isKept) {
                let text =
                    "\(run.id) of \(run.node) is open; its session \(isLive ? "lives" : "is dead")"
                report("I18", run.name.name, run.claimedAt, text)
            }
        }
        let head = model.pulse.head
        for node in world.nodes {
            if !node.isUp || node.session == nil {
                report("I18", node.name.text, end, "it does not take part")
            }
            if node.disk.position != head {
                report(
                    "I19",
                    node.name.text,
                    end,
                    "its list is at \(node.disk.position), not \(head)"
                )
            }
        }
    }
}

extension SimulatedNode {
    func isReporting(_ run: RunID) -> Bool {
        completions.contains { $0.completion.run == run }
    }
}

extension JobSpec {
    fileprivate var isLimited: Bool {
        if case .all = misfire { true } else { false }
    }
}

extension Inspector.Edit {
    /// Whether no two runs may be under way at a time.
    fileprivate var keepsApart: Bool {
        switch job?.spec.overlap {
        case .forbid?, .queue?, .replace?, nil: true
        case .allow?: false
        }
    }
}
