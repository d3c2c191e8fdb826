// Adding, changing, pausing and deleting jobs: never over somebody else's edit.

internal import CommandTable
internal import Platform
internal import Vocabulary

/// Commands that change jobs.
enum JobEditing {
    static func add(_ session: Session) async throws(Failure) -> ExitCode {
        let given = session.invocation
        var name = given.argument("NAME")
        let spec: Value
        if let path = given.texts("file").first {
            let manifests = try Wire.manifests(session.world.input(path), from: path)
            guard manifests.count == 1, let manifest = manifests.first else {
                throw Failure(
                    .failed,
                    "\(path) describes \(manifests.count) things; job add takes one",
                    next: "rota apply -f \(path)"
                )
            }
            name = name ?? manifest["name"]?.string
            spec = manifest["spec"] ?? .null
        } else {
            spec = try SpecDocument.make(given)
        }
        guard let name else {
            throw .usage(
                "NAME is missing: the new job's name",
                next: "rota job add hello --every 1m --shell 'echo hello'"
            )
        }
        try check(name)
        let body: Value = ["name": .string(name), "spec": spec]
        let (job, revision) = try await session.api.change("POST", "/v1/jobs", body: body)
        let words = job["status"]?["words"]?.string.map { ", \($0)" } ?? ""
        session.report(
            "job/\(name) added\(words)",
            revision: revision,
            object: job,
            as: ["job/\(name)"]
        )
        return .done
    }

    static func set(_ session: Session) async throws(Failure) -> ExitCode {
        let name = session.invocation.argument("JOB") ?? ""
        let patch = try SpecPatch.make(session.invocation.arguments("KEY=VALUE"))
        let job = try await session.job(name)
        let (changed, revision) = try await session.api.change(
            "PATCH",
            path(name),
            body: ["spec": patch],
            ifVersion: job["version"]?.integer
        )
        session.report(
            "job/\(name) changed",
            revision: revision,
            object: changed,
            as: ["job/\(name)"]
        )
        return .done
    }

    static func remove(_ session: Session) async throws(Failure) -> ExitCode {
        let names = session.invocation.arguments("JOB")
        var versions: [Int64?] = []
        for name in names { versions.append(try await session.job(name)["version"]?.integer) }
        try session.confirm("Delete \(names.map { "job/\($0)" }.joined(separator: ", "))")
        var report = ChangeReport(of: names.count, session)
        defer { report.finish() }
        for (name, version) in zip(names, versions) {
            let (job, revision) = try await session.api.change(
                "DELETE",
                path(name),
                ifVersion: version
            )
            report.add(
                "job/\(name) deleted",
                revision: revision,
                object: job,
                as: "job/\(name)"
            )
        }
        return .done
    }

    static func pause(_ session: Session) async throws(Failure) -> ExitCode {
        var body: [String: Value] = [:]
        body["reason"] = session.invocation.text("reason").map { .string($0) }
        if let text = session.invocation.text("until") {
            guard let until = Instant(rfc3339: text) else {
                throw .usage(
                    "--until is \"\(text.plain)\". Write a time such as 2026-11-21T03:00:00Z"
                )
            }
            body["until"] = .string(until.description)
        }
        return try await act("pause", .object(body), done: "paused", session)
    }

    static func resume(_ session: Session) async throws(Failure) -> ExitCode {
        try await act("resume", [:], done: "resumed", session)
    }

    private static func act(
        _ verb: String,
        _ body: Value,
        done: String,
        _ session: Session
    ) async throws(Failure) -> ExitCode {
        let names = session.invocation.arguments("JOB")
        var report = ChangeReport(of: names.count, session)
        defer { report.finish() }
        for name in names {
            let job: Value
            let revision: String?
            do throws(Failure) {
                (job, revision) = try await session.api.change(
                    "POST",
                    path(name) + ":\(verb)",
                    body: body
                )
            } catch {
                throw await session.suggesting(nearestTo: name, on: error)
            }
            report.add(
                "job/\(name) \(done)",
                revision: revision,
                object: job,
                as: "job/\(name)"
            )
        }
        return .done
    }

    static func edit(_ session: Session) async throws(Failure) -> ExitCode {
        let name = session.invocation.argument("JOB") ?? ""
        let job = try await session.job(name)
        var draft =
            session.invocation.flag("from-saved")
            ? try JobDraft(keptFor: name, session) : try JobDraft(of: job, named: name, session)
        try draft.takeOver(job)
        try openEditor(on: draft.path, session)
        // Again, for a text that nobody could read before.
        try draft.takeOver(job)
        let spec = try draft.spec()
        guard spec != job["spec"] else {
            session.note("job/\(name) is unchanged")
            draft.remove()
            if let text = session.settings.format.text(of: job, as: ["job/\(name)"]) {
                session.print(text)
            }
            return .done
        }
        try draft.checkDecided()
        do throws(Failure) {
            let (changed, revision) = try await session.api.change(
                "PUT",
                path(name),
                body: ["name": .string(name), "spec": spec],
                ifVersion: job["version"]?.integer
            )
            draft.remove()
            session.report(
                "job/\(name) changed",
                revision: revision,
                object: changed,
                as: ["job/\(name)"]
            )
        } catch {
            throw Failure(
                error.code,
                error.what,
                why: (error.why.isEmpty ? "" : "\(error.why) ")
                    + "Your text is kept in \(draft.path).",
                next: "rota job edit \(name) --from-saved",
                requestID: error.requestID
            )
        }
        return .done
    }

    private static func openEditor(on path: String, _ session: Session) throws(Failure) {
        let world = session.world
        let editor = world.variable("VISUAL") ?? world.variable("EDITOR") ?? "sensible-editor"
        let code = try Failure.reading { () throws(SystemError) in
            // The variable may hold options: `code --wait`.
            try world.terminal.run("\(editor) \"$1\"", arguments: [path])
        }
        guard code == 0 else {
            throw Failure(
                .failed,
                "The editor ended with \(code)",
                why: "\(editor.plain) was to open \(path).",
                next: "EDITOR=vi rota job edit …"
            )
        }
    }

    static func path(_ name: String) -> String { "/v1/jobs/\(name.percentEncoded)" }

    private static func check(_ name: String) throws(Failure) {
        guard !ObjectKey.isValid(name: name) else { return }
        throw .usage(
            "\"\(name.plain)\" cannot be a name. Write up to 127 of a-z 0-9 . _ / -, "
                + "beginning with a letter or digit"
        )
    }
}

extension Session {
    func write(_ text: String, to path: String) throws(Failure) {
        try Failure.reading { () throws(SystemError) in
            try world.files.write(path, Array(text.utf8), mode: 0o600)
        }
    }
}
