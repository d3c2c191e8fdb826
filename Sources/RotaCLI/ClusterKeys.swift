// Changing the keys that gossip is sealed with: add, use, take the old one away.

internal import CommandTable
internal import Vocabulary

/// Commands about the cluster's keys; each says which comes next.
enum ClusterKeys {
    private static let path = "/v1/cluster/keys"
    /// How long a new key may take to reach everybody before the command says who lacks it.
    private static let patience = 40
    private static let pause = Duration.milliseconds(250)

    static func list(_ session: Session) async throws(Failure) -> ExitCode {
        let ring = try await session.api.get(path)
        let keys = ring["items"]?.array ?? []
        let titles = keys.map(OutputFormat.titles("key", by: "id"))
        if let text = session.settings.format.text(of: ring, as: titles) {
            session.print(text)
            return .done
        }
        var table = TextTable([
            .fixed("KEY"), .fixed("FINGERPRINT"), .fixed("STATE"), .fixed("ADDED"), .optional("BY"),
            .fixed("HELD"), .elastic("LACKING"),
        ])
        table.rows = keys.map { row($0, session) }
        session.print(table)
        if let next = nextStep(keys) { session.note("Next: \(next)") }
        return .done
    }

    private static func row(_ key: Value, _ session: Session) -> [Cell] {
        let lacking = names(key["lacking"])
        let held = names(key["held_by"]).count
        let style: Paint.Style? =
            switch key.text("state") {
            case "used": .good
            case "waiting": .warning
            case _: .dim
            }
        return [
            Cell(number(key), .bold), Cell(key.text("fingerprint")),
            Cell(key.text("state"), style),
            Cell(key["added"]?.instant.map { session.times.iso($0) } ?? "-"),
            Cell(key.text("by").isEmpty ? "-" : key.text("by")),
            Cell("\(held) of \(held + lacking.count)"), Cell(lacking.joined(separator: ",")),
        ]
    }

    /// What to type after looking at the list; `nil` if there is nothing to do.
    private static func nextStep(_ keys: [Value]) -> String? {
        if let waiting = keys.first(where: { $0.text("state") == "waiting" }) {
            let lacking = names(waiting["lacking"])
            guard lacking.isEmpty else {
                return "see to \(lacking.joined(separator: ", ")), then rota cluster key list"
            }
            return "rota cluster key use \(number(waiting))"
        }
        guard let retired = keys.first(where: { $0.text("state") == "retired" }) else { return nil }
        return "rota cluster key rm \(number(retired)), once members that are away are back"
    }

    static func add(_ session: Session) async throws(Failure) -> ExitCode {
        let forget = session.invocation.texts("forget").map { Value.string($0) }
        let body: Value = forget.isEmpty ? [:] : ["forget": .array(forget)]
        let (key, _) = try await session.api.change("POST", path, body: body)
        let id = number(key)
        let lacking = try await waited(for: id, session)
        let made = key["new"]?.bool == false ? "waits already" : "is made"
        session.report(
            "key/\(id) \(made): \(key.text("fingerprint"))",
            revision: nil,
            object: key,
            as: ["key/\(id)"]
        )
        if lacking.isEmpty {
            session.note("Every member has it. Next: rota cluster key use \(id)")
        } else {
            session.note(
                "Not yet on \(lacking.joined(separator: ", ")). Next: rota cluster key list"
            )
        }
        return .done
    }

    /// Who has not got the key after some seconds.
    private static func waited(
        for id: String,
        _ session: Session
    ) async throws(Failure) -> [String] {
        var lacking: [String] = []
        for attempt in 0..<patience {
            if attempt > 0 { await session.world.clock.wait(pause) }
            let keys = try await session.api.get(path)["items"]?.array ?? []
            lacking = names(keys.first { number($0) == id }?["lacking"])
            if lacking.isEmpty { break }
        }
        return lacking
    }

    static func use(_ session: Session) async throws(Failure) -> ExitCode {
        let id = try keyNumber(session)
        let (key, _) = try await session.api.change("POST", "\(path)/\(id):use", body: [:])
        session.report("key/\(id) is in use", revision: nil, object: key, as: ["key/\(id)"])
        let keys = try await session.api.get(path)["items"]?.array ?? []
        if let next = nextStep(keys) { session.note("Next: \(next)") }
        return .done
    }

    static func remove(_ session: Session) async throws(Failure) -> ExitCode {
        let id = try keyNumber(session)
        try session.confirm("Take key \(id) away, so that nothing sealed with it is read any more")
        let (ring, _) = try await session.api.change("DELETE", "\(path)/\(id)")
        session.report("key/\(id) is gone", revision: nil, object: ring, as: ["key/\(id)"])
        session.note(
            "Hosts to be set up from now on need a later key file: "
                + "the file `keys` in any member's data folder."
        )
        return .done
    }

    private static func keyNumber(_ session: Session) throws(Failure) -> String {
        let text = session.invocation.argument("KEY") ?? ""
        guard let number = UInt8(text), number > 0 else {
            throw .usage(
                "there is no key \"\(text.plain)\": a key is a number from 1 to 255",
                next: "rota cluster key list"
            )
        }
        return "\(number)"
    }

    private static func number(_ key: Value) -> String {
        key["id"]?.integer.map { "\($0)" } ?? "?"
    }

    private static func names(_ value: Value?) -> [String] {
        (value?.array ?? []).compactMap { $0.string?.plain }
    }
}
