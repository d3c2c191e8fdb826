// What is left of the runs of a runner that has died: processes, and cgroups.

internal import Platform
internal import Vocabulary

/// Runs of a previous life, and every cgroup that it made.
struct Orphans {
    let runs: [RunJournal.Entry]
    /// Also of runs that are noted no longer: their processes were given up on.
    let groups: [CgroupFolder]
    let journal: RunJournal

    /// How many runs have processes left; a cgroup of a run without a note counts as one.
    func living(in look: ProcessLook) -> Int {
        var names = Set(groups.filter(\.isPopulated).map(\.name))
        for entry in runs where !journal.members(of: entry, in: look).isEmpty {
            names.insert(entry.run.text)
        }
        return names.count
    }

    /// Whether nothing is left, as far as `look` can say so.
    func areGone(in look: ProcessLook) -> Bool {
        (runs.isEmpty || look.isWhole) && living(in: look) == 0
    }

    func end(_ signal: EndSignal, in look: ProcessLook) {
        for group in groups where group.isPopulated { group.end(signal) }
        ProcessTree.signal(signal, runs.flatMap { journal.members(of: $0, in: look) })
    }
}
