// A job's text on its way through the editor, kept with what it was made from.

internal import Vocabulary

/// The text of one job, and the spec it was made from, in two files beside one another.
///
/// The second is what keeps a text that waited from taking back what others changed meanwhile.
struct JobDraft {
    /// Begins a line about a member that two people changed; whoever decides deletes it.
    fileprivate static let mark = "# CONFLICT "

    let path: String
    private let name: String
    private let session: Session
    private var base: Value

    /// A new text of `job`, in place of one that was kept.
    init(of job: Value, named name: String, _ session: Session) throws(Failure) {
        self.init(name, base: job["spec"] ?? .null, session)
        // An old text must never stand beside a new base: it would seem to take back all between.
        try? session.world.files.remove(path)
        try writeBase()
        try session.write(lead(job) + Wire.yaml(["spec": base]), to: path)
    }

    /// The text that was kept when it could not be saved.
    init(keptFor name: String, _ session: Session) throws(Failure) {
        self.init(name, base: .null, session)
        guard session.world.files.mode(of: path) != nil,
            let kept = (try? session.world.files.read(basePath)).flatMap({ Wire.value($0) }),
            kept["name"]?.string == name, kept["cluster"]?.string == session.settings.cluster.key,
            let base = kept["base"]
        else {
            throw Failure(
                .notFound,
                "No text of job/\(name.plain) is kept",
                why: "It would be \(path), of the same masters and tenant.",
                next: "rota job edit \(name.plain)"
            )
        }
        self.base = base
    }

    private init(_ name: String, base: Value, _ session: Session) {
        self.name = name
        self.base = base
        self.session = session
        var hash = StableHash()
        hash.add(session.settings.cluster.key)
        // No name has a plus, so no two names make one.
        let file = "edit-\(name.replacing("/", with: "+"))-\(String(hash.value, radix: 16)).yaml"
        path = "\(Folders.state(in: session.world))/\(file)"
    }

    private var basePath: String { path + ".base" }

    /// What the text says the job is to be.
    func spec() throws(Failure) -> Value {
        let again = "rota job edit \(name) --from-saved"
        let manifests: [Value]
        do throws(Failure) {
            manifests = try Wire.manifests(session.world.input(path), from: path)
        } catch {
            throw Failure(error.code, error.what, why: error.why, next: again)
        }
        guard manifests.count == 1, let spec = manifests.first?["spec"] else {
            throw Failure(.failed, "\(path) is not one mapping with a spec", next: again)
        }
        return spec
    }

    /// Takes over what others have changed in `job` since the text was made.
    ///
    /// Members that only one side changed are as that side has them. Of those that both changed
    /// the text keeps its own value, under a line that tells of the other and that stops
    /// ``checkDecided()``. A text that cannot be read is left for the editor.
    mutating func takeOver(_ job: Value) throws(Failure) {
        let theirs = job["spec"] ?? .null
        guard theirs != base, let mine = try? spec() else { return }
        var merge = SpecMerge()
        let merged = merge.merge(base: base, mine: mine, theirs: theirs) ?? .null
        let author = job.text("updated_by").isEmpty ? "somebody" : job.text("updated_by").plain
        var text = lead(job)
        text += "# \(author) has changed it since; what you left alone is as they made it.\n"
        for line in undecided where !merge.conflicts.contains(where: { $0.isOld(in: line) }) {
            text += line + "\n"
        }
        for conflict in merge.conflicts {
            text += "\(Self.mark)\(conflict.words(author)) Decide, then delete this line.\n"
        }
        // In this order: with its old base the new text only means the same once more.
        try session.write(text + Wire.yaml(["spec": merged]), to: path)
        base = theirs
        try writeBase()
    }

    /// Refuses a text in which nobody has decided yet whose change is to stay.
    func checkDecided() throws(Failure) {
        let undecided = undecided
        guard let first = undecided.first else { return }
        throw Failure(
            .conflict,
            "Both of you changed \(undecided.count.counted("member")) of job/\(name)",
            why: "Delete the lines on it in \(path) once you have decided: \(first.plain)",
            next: "rota job edit \(name) --from-saved"
        )
    }

    func remove() {
        try? session.world.files.remove(path)
        try? session.world.files.remove(basePath)
    }

    private var undecided: [String] {
        let bytes = (try? session.world.files.read(path)) ?? []
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
            .filter { $0.hasPrefix(Self.mark) }
    }

    private func lead(_ job: Value) -> String {
        "# job/\(name), version \(job["version"]?.integer ?? 0). Save to change it.\n"
    }

    private func writeBase() throws(Failure) {
        let kept: Value = [
            "name": .string(name), "cluster": .string(session.settings.cluster.key), "base": base,
        ]
        try session.write(Wire.pretty(kept), to: basePath)
    }
}

/// A three-way merge of mappings, member by member.
struct SpecMerge {
    /// A member that both sides changed, each to something else.
    struct Conflict {
        let path: String
        let mine: Value?
        let theirs: Value?

        /// Whether the line is an earlier one on the same member.
        func isOld(in line: String) -> Bool { line.hasPrefix("\(JobDraft.mark)\(path.plain): ") }

        /// Says who made what of it.
        func words(_ author: String) -> String {
            let other = theirs.map { "made it \(Wire.json($0))" } ?? "took it away"
            let own = mine.map { "here it is \(Wire.json($0))" } ?? "here it is gone"
            return "\(path): \(author) \(other); \(own).".plain
        }
    }

    private(set) var conflicts: [Conflict] = []

    /// Applies both sides' changes to `base`; where they conflict, mine.
    ///
    /// `nil` stands for a member that is not there.
    mutating func merge(
        base: Value?,
        mine: Value?,
        theirs: Value?,
        path: String = ""
    ) -> Value? {
        if mine == theirs || theirs == base { return mine }
        if mine == base { return theirs }
        guard let old = base == nil ? [:] : base?.object, let own = mine?.object,
            let others = theirs?.object
        else {
            conflicts.append(Conflict(path: path, mine: mine, theirs: theirs))
            return mine
        }
        var members: [String: Value] = [:]
        for key in Set(own.keys).union(others.keys).sorted() {
            members[key] = merge(
                base: old[key],
                mine: own[key],
                theirs: others[key],
                path: path.isEmpty ? key : "\(path).\(key)"
            )
        }
        return .object(members)
    }
}
