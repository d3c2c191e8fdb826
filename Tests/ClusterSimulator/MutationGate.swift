// How many seeds it takes to find each mistake that was made on purpose.

/// Runs mutants until a check notices them.
package enum MutationGate {
    /// Where a mutant was found.
    package struct Find: Sendable {
        /// How many seeds it took.
        package let seeds: UInt64
        package let seed: UInt64
        package let violation: Violation
    }

    /// How many seeds a mutant may take; more would mean that the checks are too weak.
    package static func bound(of mutant: Mutant) -> UInt64 { 60 }

    /// The troubles without which a mistake cannot show; each seed draws others besides.
    package static func needed(for mutant: Mutant) -> [Trouble] {
        switch mutant {
        case .cursorNotCompared: [.pause, .cutPeers, .members]
        case .recordsInsteadOfCursor: [.pause, .cutPeers, .members, .clock]
        case .trustFromAnswer: [.points, .slowStore]
        case .expireWithoutBeat: [.points, .slowStore]
        case .fenceNotRaised: [.crash]
        case .finishWithoutFence: [.pause, .cutStore]
        case .newIDForUnknown, .unknownIsRefused: [.calls]
        case .unknownIsRead: [.failover, .calls]
        case .editWithoutEras: [.edits]
        case .overlapIsLocal: [.cutPeers, .crash, .pause]
        case .onlyFirstClaims: [.cutStore]
        case .historyIgnored: [.rollback]
        case .sessionReused: [.crash]
        case .suspendNotCounted: [.suspend, .points]
        case .zonesDiffer: []
        case .staleRevisionTaken: [.edits, .delay]
        case .bodyNotCompared: [.forgery]
        case .deadSessionClaims: [.pause, .delay, .rate]
        case .startWithoutTrust: [.pause, .points]
        case .futureTaken: [.wildClock]
        case .queueDropped: []
        case .silentSkip: [.power]
        case .noTakeover: [.crash]
        }
    }

    /// The first seed that finds `mutant`; `nil`: none of `limit` does.
    package static func find(_ mutant: Mutant, limit: UInt64? = nil) -> Find? {
        for seed in 1...(limit ?? bound(of: mutant)) {
            let drawn = Scenario(seed: seed).troubles
            let troubles = Trouble.allCases.filter {
                drawn.contains($0) && $0 != .blackout || needed(for: mutant).contains($0)
            }
            let outcome = Scenario(seed: seed, troubles: troubles, mutant: mutant, hours: 1).run()
            guard let violation = outcome.violations.first else { continue }
            // It must be the mistake that was noticed, and nothing else.
            let sound = Scenario(seed: seed, troubles: troubles, hours: 1).run()
            guard sound.violations.isEmpty else { continue }
            return Find(seeds: seed, seed: seed, violation: violation)
        }
        return nil
    }
}
