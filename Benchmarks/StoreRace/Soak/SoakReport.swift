// What a soak amounts to, as one line.

/// The counts of one soak.
struct SoakReport {
    var claims = 0
    var starts = 0
    /// Two starts under one name: promise 1 is broken.
    var doubles = 0
    /// Instants without a verdict, or acknowledged triggers without a trace.
    var lost = 0
    /// Runs that did not start or did not end as planned, with a reason on record.
    var explained = 0
    /// Everything else that is not as it must be, in sentences.
    var faults: [String] = []
    var instants = 0
    var edits = 0
    var unknown: [String: Int] = [:]
    var hurts: [String: Int] = [:]

    var isClean: Bool { doubles == 0 && lost == 0 && faults.isEmpty && starts > 0 }

    func line(_ kind: StoreKind, seconds: Int, seed: UInt64) -> String {
        let unknowns = unknown.values.reduce(0, +)
        let hurt = hurts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return """
            SOAK store=\(kind.rawValue) seconds=\(seconds) seed=\(seed) claims=\(claims) \
            starts=\(starts) instants=\(instants) doubles=\(doubles) lost=\(lost) \
            explained=\(explained) unexplained=\(faults.count) edits=\(edits) \
            unknown-answers=\(unknowns) \(hurt.joined(separator: " "))
            """
    }
}
