// Who has which key: asked of every member itself, at the moment somebody wants to know.

internal import Gossip
internal import HTTPClient
internal import JobList
internal import Vocabulary

/// What the members that are there say of their keys.
struct KeyHolders: Sendable {
    private static let patience = Duration.seconds(3)
    private static let atOnce = 64

    /// By name; `nil` for one that is there by gossip and did not say.
    let answers: [NodeName: HeldKeys?]

    /// Asks everybody who is alive or only suspected.
    static func ask(_ master: MasterParts) async -> KeyHolders {
        let ring = master.keys.keys.ring
        let me = master.settings.name
        let others = master.gossip.members.filter { $0.isPresent && $0.name != me }
        var answers: [NodeName: HeldKeys?] = [me: HeldKeys(name: me, ring: ring)]
        await withTaskGroup(of: (NodeName, HeldKeys?).self) { group in
            var rest = others[...]
            while let next = rest.popFirst() {
                group.addTask { (next.name, await ask(next, master)) }
                guard others.count - rest.count >= atOnce else { continue }
                if let (name, held) = await group.next() { answers[name] = .some(held) }
            }
            for await (name, held) in group { answers[name] = .some(held) }
        }
        return KeyHolders(answers: answers)
    }

    private static func ask(_ member: Member, _ master: MasterParts) async -> HeldKeys? {
        guard !member.httpAddress.isEmpty else { return nil }
        var call = HTTPCall(method: "GET", url: "http://\(member.httpAddress)\(MemberRoute.path)")
        call.headers = [(name: "Authorization", value: "Bearer \(master.memberToken)")]
        call.timeout = patience
        guard let answer = try? await master.client.send(call), answer.status == 200,
            let held = HeldKeys(answer.body), held.name == member.name
        else { return nil }
        return held
    }

    func holding(_ id: KeyID) -> [NodeName] {
        answers.filter { $0.value?.ids.contains(id) == true }.keys.sorted()
    }

    /// Those that have not got the key, and those that did not say.
    func lacking(_ id: KeyID) -> [NodeName] {
        answers.filter { $0.value?.ids.contains(id) != true }.keys.sorted()
    }

    /// Those that seal with the key, and those that did not say.
    func maySeal(with id: KeyID) -> [NodeName] {
        answers.filter { $0.value.map { $0.used == id } ?? true }.keys.sorted()
    }

    /// Names with a word about those that did not answer.
    func words(_ names: [NodeName]) -> String {
        names.map { name in
            answers[name].flatMap(\.self) == nil ? "\(name) (no answer)" : name.text
        }.joined(separator: ", ")
    }
}
