// Which clusters the user knows, and which one commands go to.

internal import CommandTable
internal import Vocabulary

/// Commands about contexts; none asks a cluster.
enum Contexts {
    static func list(_ session: Session) async throws(Failure) -> ExitCode {
        let file = try ContextFile.read(in: session.world)
        let names = file.contexts.keys.sorted()
        let items = names.compactMap { name in file.contexts[name].map { shown(name, $0) } }
        if let text = session.settings.format.text(ofAll: items, as: OutputFormat.title) {
            session.print(text)
            return .done
        }
        guard !names.isEmpty else {
            session.note(
                "There are no contexts yet; commands go to \(ClusterContext.standard.urls[0])."
            )
            session.note("  Try: rota context add acme --url https://m1:8470")
            return .done
        }
        var table = TextTable([
            .fixed(" "), .fixed("NAME"), .fixed("TENANT"), .fixed("SIGN-IN"), .elastic("MASTERS"),
        ])
        for name in names {
            guard let context = file.contexts[name] else { continue }
            table.rows.append([
                Cell(name == file.current ? "*" : " ", .good), Cell(name, .bold),
                Cell(context.tenant ?? "-"), Cell(signIn(context)),
                Cell(context.urls.joined(separator: ",")),
            ])
        }
        session.print(table)
        return .done
    }

    static func use(_ session: Session) async throws(Failure) -> ExitCode {
        var file = try ContextFile.read(in: session.world)
        let name = try known(session, in: file)
        file.current = name
        try file.write(in: session.world)
        session.report(
            "commands go to context \(name)",
            revision: nil,
            object: .null,
            as: ["context/\(name)"]
        )
        return .done
    }

    static func add(_ session: Session) async throws(Failure) -> ExitCode {
        let given = session.invocation
        let name = given.argument("NAME") ?? ""
        guard ObjectKey.isValid(name: name) else {
            throw .usage("\"\(name.plain)\" cannot be a name. Write a-z 0-9 . _ / -")
        }
        guard let urls = given.text("url") else {
            throw .usage(
                "--url is missing: where the masters are",
                next: "rota context add \(name) --url https://m1:8470"
            )
        }
        var file = try ContextFile.read(in: session.world)
        guard file.contexts[name] == nil || given.flag("yes") else {
            throw Failure(
                .conflict,
                "There is a context \(name) already",
                next: "rota context rm \(name)"
            )
        }
        file.contexts[name] = ClusterContext(
            urls: try ClusterContext.urls(in: urls),
            tenant: given.text("tenant"),
            // Settings have read it already: standard input can be read only once.
            token: given.text("token-file") == nil ? nil : session.settings.token
        )
        if file.current == nil { file.current = name }
        try file.write(in: session.world)
        session.report(
            "context \(name) added",
            revision: nil,
            object: .null,
            as: ["context/\(name)"]
        )
        if file.current != name { session.note("  Use it: rota context use \(name)") }
        return .done
    }

    static func remove(_ session: Session) async throws(Failure) -> ExitCode {
        var file = try ContextFile.read(in: session.world)
        let name = try known(session, in: file)
        file.contexts[name] = nil
        if file.current == name { file.current = nil }
        try file.write(in: session.world)
        session.report(
            "context \(name) forgotten",
            revision: nil,
            object: .null,
            as: ["context/\(name)"]
        )
        return .done
    }

    static func show(_ session: Session) async throws(Failure) -> ExitCode {
        let settings = session.settings
        let object = shown(settings.contextName ?? "", settings.cluster)
        if let text = settings.format.text(
            of: object,
            as: ["context/\(settings.contextName ?? "none")"]
        ) {
            session.print(text)
            return .done
        }
        let lines = [
            ("context", settings.contextName ?? "none"),
            ("masters", settings.cluster.urls.joined(separator: ", ")),
            ("tenant", settings.cluster.tenant ?? "the token's own"),
            ("sign-in", settings.token == nil ? "no token" : "by token"),
            ("file", ContextFile.path(in: session.world)),
        ]
        session.print(lines.map { "\($0.0.filled(to: 9))\($0.1.plain)\n" }.joined())
        return .done
    }

    private static func known(_ session: Session, in file: ContextFile) throws(Failure) -> String {
        let name = session.invocation.argument("NAME") ?? ""
        guard file.contexts[name] != nil else {
            let near = name.nearest(among: file.contexts.keys.sorted())
            throw Failure(
                .notFound,
                "There is no context \"\(name.plain)\"",
                next: near ?? "rota context list"
            )
        }
        return name
    }

    /// Without the token: it is nobody's to see.
    private static func shown(_ name: String, _ context: ClusterContext) -> Value {
        var visible = context
        visible.token = nil
        var members = visible.value.object ?? [:]
        members["kind"] = "context"
        members["name"] = .string(name)
        members["signs_in"] = .bool(context.token != nil || context.tokenFile != nil)
        return .object(members)
    }

    private static func signIn(_ context: ClusterContext) -> String {
        context.token != nil ? "token" : context.tokenFile ?? "-"
    }
}
