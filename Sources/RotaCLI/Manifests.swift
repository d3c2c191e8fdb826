// Making the list what files say, and files what the list says.

internal import CommandTable
internal import Platform
internal import Vocabulary

/// The commands `apply`, `diff` and `export`.
enum Manifests {
    static func apply(_ session: Session) async throws(Failure) -> ExitCode {
        guard session.invocation.flag("plan") else {
            return try await apply(try gather(session), session)
        }
        do throws(Failure) {
            return try await apply(try gather(session), session)
        } catch {
            throw error.asTrouble
        }
    }

    /// Shows what `items` would change, asks, and changes it.
    static func apply(_ items: [Value], _ session: Session) async throws(Failure) -> ExitCode {
        let given = session.invocation
        let body: Value = ["items": .array(items)]
        let prune = given.flag("prune") ? [("prune", "1")] : []
        let plan = ApplyAnswer(try await dryRun(body, prune, session))
        if given.flag("plan") { return show(plan, session) }
        if session.settings.format.isForPeople { session.print(plan.text(session.settings.paint)) }
        guard plan.failed.isEmpty else {
            throw Failure(
                .failed,
                "Nothing was applied: \(plan.failed.count) of the above cannot be"
            )
        }
        guard plan.changedCount > 0 else {
            session.report("nothing to change", revision: nil, object: plan.value, as: [])
            return .done
        }
        let deleted = plan.count(of: "delete")
        if deleted > 0 || session.canAsk {
            let tail = deleted > 0 ? ", \(deleted) of them deleting" : ""
            let tenant = session.settings.cluster.tenant.map { " to tenant \($0)" } ?? ""
            try session.confirm("Apply \(plan.changedCount.counted("change"))\(tail)\(tenant)")
        }
        let (object, revision) = try await session.api.change(
            "POST",
            "/v1/apply",
            prune,
            body: body
        )
        let answer = ApplyAnswer(object)
        session.report(
            "\(answer.changedCount) changed",
            revision: revision,
            object: object,
            as: answer.changed
        )
        if answer.failed.isEmpty { return .done }
        for failed in answer.failed { session.note("✕ \(failed.title): \(failed.problem)".plain) }
        return .failed
    }

    static func diff(_ session: Session) async throws(Failure) -> ExitCode {
        do throws(Failure) {
            let body: Value = ["items": .array(try gather(session))]
            let prune = session.invocation.flag("prune") ? [("prune", "1")] : []
            return show(ApplyAnswer(try await dryRun(body, prune, session)), session)
        } catch {
            throw error.asTrouble
        }
    }

    static func export(_ session: Session) async throws(Failure) -> ExitCode {
        // Calendars first: jobs name them.
        let kinds = session.invocation.argument("KIND").map { [$0] } ?? ["calendar", "job"]
        var manifests: [Value] = []
        for kind in kinds {
            let objects = try await session.api.list("/v1/\(kind)s").sorted {
                $0.text("name") < $1.text("name")
            }
            manifests += objects.map { object -> Value in
                [
                    "kind": .string(kind), "name": object["name"] ?? .null,
                    "spec": object["spec"] ?? .null,
                ]
            }
        }
        let format = session.settings.format
        session.print(
            (format.isForPeople ? .yaml : format).text(ofAll: manifests, as: OutputFormat.title)
                ?? ""
        )
        return .done
    }

    private static func dryRun(
        _ body: Value,
        _ prune: [(String, String)],
        _ session: Session
    ) async throws(Failure) -> Value {
        try await session.api.change("POST", "/v1/apply", prune + [("dry_run", "1")], body: body)
            .object
    }

    /// Prints a plan; 0: nothing, 1: something would change, 2: some of it cannot.
    private static func show(_ plan: ApplyAnswer, _ session: Session) -> ExitCode {
        session.print(
            session.settings.format.text(of: plan.value, as: plan.changed)
                ?? plan.text(session.settings.paint)
        )
        if !plan.failed.isEmpty { return .usage }
        return plan.changedCount == 0 ? .done : .failed
    }

    /// The manifests of all `-f`, each checked for what the API needs to find it.
    private static func gather(_ session: Session) throws(Failure) -> [Value] {
        let paths = session.invocation.texts("file")
        guard !paths.isEmpty else {
            throw .usage(
                "-f is missing: a manifest, a folder of them, or -",
                next: "rota apply -f jobs/"
            )
        }
        var found: [Value] = []
        var sources: [String: String] = [:]
        for path in paths {
            let before = found.count
            for file in try files(under: path, session) {
                found += try manifests(in: file, &sources, session)
            }
            // What came to nothing on its way here must not read as a wish for an empty list.
            guard found.count > before else { throw nothing(in: path, session) }
        }
        return found
    }

    private static func nothing(in path: String, _ session: Session) -> Failure {
        let source = path == "-" ? "standard input" : path.plain
        let isPruning = session.invocation.flag("prune")
        let danger = isPruning ? ", and --prune would delete every job that is not named" : ""
        return Failure(
            .failed,
            "\(source) has no manifest; nothing was sent",
            why: "It is empty or all comments\(danger).",
            next: "rota export, to see what manifests look like; rota job rm, to delete jobs"
        )
    }

    /// The manifests of one file; `sources` tells where each was met first.
    private static func manifests(
        in path: String,
        _ sources: inout [String: String],
        _ session: Session
    ) throws(Failure) -> [Value] {
        let found = try Wire.manifests(session.world.input(path), from: path)
        for (index, manifest) in found.enumerated() {
            guard let kind = manifest["kind"]?.string, let name = manifest["name"]?.string,
                manifest["spec"]?.object != nil
            else {
                throw Failure(
                    .failed,
                    "\(path), document \(index + 1), is no manifest",
                    why: "It needs kind, name and a mapping called spec.",
                    next: "rota export shows what they look like"
                )
            }
            let title = "\(kind)/\(name)"
            if let earlier = sources.updateValue(path, forKey: title) {
                throw Failure(.failed, "\(title) is in \(earlier) and again in \(path)".plain)
            }
        }
        return found
    }

    /// The path itself, or the manifests in the folder and those below it.
    private static func files(
        under path: String,
        _ session: Session,
        depth: Int = 0
    ) throws(Failure) -> [String] {
        guard path != "-", let names = session.world.files.names(in: path) else { return [path] }
        guard depth < 16 else {
            throw Failure(
                .failed,
                "\(path) is too deep",
                why: "Is there a link to a folder above it?"
            )
        }
        let base = path.hasSuffix("/") ? String(path.dropLast()) : path
        var found: [String] = []
        for name in names where !name.hasPrefix(".") {
            let full = "\(base)/\(name)"
            if session.world.files.names(in: full) != nil {
                found += try files(under: full, session, depth: depth + 1)
            } else if [".yaml", ".yml", ".json"].contains(where: { name.hasSuffix($0) }) {
                found.append(full)
            }
        }
        guard depth > 0 || !found.isEmpty else {
            throw Failure(
                .failed,
                "\(path) has no manifests",
                why: "They end in .yaml, .yml or .json."
            )
        }
        return found
    }
}

/// What `POST /v1/apply` did or would do.
struct ApplyAnswer {
    struct Result {
        let kind: String
        let name: String
        let action: String
        let diff: [String]
        let problem: String

        var title: String { "\(kind)/\(name)" }
    }

    let value: Value
    let results: [Result]

    init(_ value: Value) {
        self.value = value
        results = (value["results"]?.array ?? []).map { result in
            let problem = result["problem"]
            let detail = problem?["detail"]?.string ?? problem?["title"]?.string ?? ""
            return Result(
                kind: result.text("kind"),
                name: result.text("name"),
                action: result.text("action"),
                diff: (result["diff"]?.array ?? []).compactMap(\.string),
                problem: detail
            )
        }
    }

    var failed: [Result] { results.filter { $0.action == "failed" } }
    /// The titles of what changes.
    var changed: [String] {
        results.filter { ["create", "update", "delete"].contains($0.action) }.map(\.title)
    }
    var changedCount: Int { changed.count }

    func count(of action: String) -> Int { results.filter { $0.action == action }.count }

    /// `+ job/a`, `~ job/b  timeout 10m → 20m`, `- job/c`, `✕ job/d  why`, `= 41 unchanged`.
    func text(_ paint: Paint) -> String {
        let width = results.map(\.title.count).max() ?? 0
        var text = ""
        for result in results {
            let look: (sign: String, style: Paint.Style)
            switch result.action {
            case "create": look = ("+", .good)
            case "update": look = ("~", .warning)
            case "delete": look = ("-", .bad)
            case "failed": look = ("✕", .bad)
            case _: continue
            }
            let details = result.action == "failed" ? [result.problem] : result.diff
            var line = "  \(paint.apply(look.style, look.sign)) \(result.title.plain)"
            if let first = details.first, !first.isEmpty {
                line += String(repeating: " ", count: width - result.title.count + 2) + first.plain
            }
            text += line + "\n"
            for more in details.dropFirst() {
                text += String(repeating: " ", count: width + 6) + more.plain + "\n"
            }
        }
        let unchanged = count(of: "unchanged")
        return unchanged > 0 ? text + "  = \(unchanged) unchanged\n" : text
    }
}
