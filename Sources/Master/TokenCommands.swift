// `rota-master token …`: who may call the cluster, and no longer.

internal import CommandTable
internal import Documents
internal import JobList
internal import LockLease
internal import Sealing
internal import Vocabulary

/// Commands that write tokens into the store itself, so that they need no running master.
enum TokenCommands {
    /// Of a digest's 64 digits, those that people are shown.
    private static let shownDigits = 12
    /// Of those, the fewest that name a token.
    private static let fewestDigits = 6
    private static let pageLimit = 500

    static let all: [Command] = [
        Command(
            "token create",
            "Makes a token and prints it; it is kept nowhere and shown only once",
            details: "Works on the store itself, so it needs no running master.",
            options: MemberOptions.storeOptions + [
                .text("name", "NAME", "Whom or what it is for"),
                .text("tenant", "TENANT", "What it may see (default); * for all tenants"),
                .text(
                    "role",
                    "ROLE",
                    "reader, operator, editor or admin (reader)",
                    from: .choices(Role.allCases.map(\.word))
                ),
            ],
            examples: [
                Example(
                    "rota-master token create --store sqlite:///srv/rota/store.db --name li",
                    "A token that may look at everything in tenant default"
                )
            ]
        ),
        Command(
            "token list",
            "Lists the tokens: to whom each was given, and what it may do",
            options: MemberOptions.storeOptions,
            examples: [
                Example(
                    "rota-master token list --store sqlite:///srv/rota/store.db",
                    "The tokens themselves are kept nowhere"
                )
            ]
        ),
        Command(
            "token rm",
            "Takes a token back; members refuse it as soon as gossip has reached them",
            arguments: [Argument("ID", "The token's id in token list, or its beginning")],
            options: MemberOptions.storeOptions,
            examples: [
                Example(
                    "rota-master token rm 5f0c0f1e9a3b --store sqlite:///srv/rota/store.db",
                    "Somebody has lost a notebook"
                )
            ]
        ),
    ]

    static func run(_ invocation: Invocation) async throws -> Int32 {
        let url = try MemberOptions.storeURL(invocation)
        switch invocation.path.last {
        case "list": return try await list(try openStore(url))
        case "rm": return try await remove(invocation.argument("ID") ?? "", try openStore(url))
        case _: return try await create(invocation, url)
        }
    }

    private static func create(_ invocation: Invocation, _ url: String) async throws -> Int32 {
        guard let name = invocation.text("name"), !name.isEmpty else {
            throw MemberError("--name is missing: say whom the token is for")
        }
        let tenant = invocation.text("tenant") ?? "default"
        guard tenant == "*" || ObjectKey.isValid(name: tenant) else {
            throw MemberError("--tenant is \"\(tenant)\". Write a-z, 0-9 and . _ / -, or *")
        }
        let role = invocation.text("role").flatMap(Role.init(word:)) ?? .reader
        let token = AccessToken.generate()
        let edit = ObjectEdit(
            key: Authorizer.key(of: token.digest),
            expecting: .absent,
            uid: Editor.newUID(),
            change: .put(
                body: Authorizer.body(name: name, tenant: tenant, role: role),
                gate: nil
            )
        )
        try await commit(edit, to: try openStore(url), by: "token create")
        print(token.text)
        return 0
    }

    private static func list(_ store: any LeaseStore) async throws -> Int32 {
        let tokens = try await tokens(in: store)
        for line in lines(of: tokens) { print(line) }
        return 0
    }

    /// A table of `tokens`, its title first.
    static func lines(of tokens: [ObjectRecord]) -> [String] {
        let rows = tokens.map { record -> [String] in
            let body = (try? JSON.parse(record.body)) ?? .null
            let words = ["name", "tenant", "role"].map { body[$0]?.string ?? "?" }
            return [id(of: record)] + words.map(\.plain) + [record.createdAt.description]
        }
        let table = [["ID", "NAME", "TENANT", "ROLE", "MADE"]] + rows
        let widths = (0..<5).map { column in table.map { $0[column].count }.max() ?? 0 }
        return table.map { row in
            let cells = zip(row, widths).map { cell, width in
                cell + String(repeating: " ", count: width - cell.count)
            }
            return String(cells.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
        }
    }

    private static func remove(_ id: String, _ store: any LeaseStore) async throws -> Int32 {
        let token = try find(id, among: try await tokens(in: store))
        let edit = ObjectEdit(
            key: token.key,
            expecting: .version(token.version),
            uid: token.uid,
            change: .delete
        )
        try await commit(edit, to: store, by: "token rm")
        let name = (try? JSON.parse(token.body))?["name"]?.string ?? "?"
        print("Token \(Self.id(of: token)) of \(name.plain) is taken back.")
        return 0
    }

    /// The one token whose id begins with `id`.
    static func find(
        _ id: String,
        among tokens: [ObjectRecord]
    ) throws(MemberError) -> ObjectRecord {
        guard id.count >= fewestDigits else {
            throw MemberError(
                "\"\(id.plain)\" is too short for an id. Write \(fewestDigits) digits of it"
            )
        }
        let found = tokens.filter { $0.key.name.hasPrefix(id.lowercased()) }
        guard let token = found.first else {
            throw MemberError("There is no token \(id.plain). See rota-master token list")
        }
        guard found.count == 1 else {
            throw MemberError("\(found.count) tokens begin with \(id.plain). Write more of it")
        }
        return token
    }

    private static func id(of record: ObjectRecord) -> String {
        String(record.key.name.prefix(shownDigits))
    }

    /// Every token that was not taken back, the oldest first.
    private static func tokens(in store: any LeaseStore) async throws -> [ObjectRecord] {
        var found: [ObjectRecord] = []
        var after = ObjectKey(tenant: "system", kind: .token, name: "")
        while true {
            let page = try await store.snapshot(after: after, limit: pageLimit).records
            let tokens = page.prefix { $0.key.tenant == "system" && $0.key.kind == .token }
            found += tokens.filter { !$0.isDeleted }
            guard let last = tokens.last, tokens.count == page.count else { break }
            after = last.key
        }
        return found.sorted { ($0.createdAt, $0.key) < ($1.createdAt, $1.key) }
    }

    private static func commit(
        _ edit: ObjectEdit,
        to store: any LeaseStore,
        by author: String
    ) async throws {
        let id = RequestID(Hashing.digest(SecureRandom.bytes(16)).description)
        _ = try await store.commit([edit], id: id, author: author)
    }
}
