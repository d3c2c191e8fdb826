// Named clusters: where their masters are and how to sign in, in one file only its owner reads.

internal import Documents
internal import Platform
internal import Vocabulary

/// One cluster as its user knows it.
struct ClusterContext: Equatable, Sendable {
    /// Masters in the order they are asked.
    var urls: [String]
    var tenant: String?
    var token: String?
    var tokenFile: String?

    static let standard = Self(urls: ["http://127.0.0.1:8470"])

    init(urls: [String], tenant: String? = nil, token: String? = nil, tokenFile: String? = nil) {
        self.urls = urls
        self.tenant = tenant
        self.token = token
        self.tokenFile = tokenFile
    }

    /// Tells clusters and tenants apart where something is kept for them.
    var key: String { "\(tenant ?? "")@\(urls.sorted().joined(separator: ","))" }

    /// Masters in `text`, divided by commas, without slashes at their ends.
    static func urls(in text: String) throws(Failure) -> [String] {
        let urls = text.split(separator: ",").map { part in
            var url = part.filter { $0 != " " }
            while url.hasSuffix("/") { url.removeLast() }
            return url
        }.filter { !$0.isEmpty }
        for url in urls where !url.hasPrefix("http://") && !url.hasPrefix("https://") {
            throw .usage("\"\(url.plain)\" is no URL of a master. Write http://host:8470")
        }
        guard !urls.isEmpty else {
            throw .usage("there is no URL of a master. Write http://host:8470")
        }
        return urls
    }

    init(_ value: Value) {
        urls = (value["urls"]?.array ?? []).compactMap(\.string)
        tenant = value["tenant"]?.string
        token = value["token"]?.string
        tokenFile = value["token_file"]?.string
    }

    var value: Value {
        var members: [String: Value] = ["urls": .array(urls.map { .string($0) })]
        members["tenant"] = tenant.map { .string($0) }
        members["token"] = token.map { .string($0) }
        members["token_file"] = tokenFile.map { .string($0) }
        return .object(members)
    }
}

/// `contexts.json` in `$XDG_CONFIG_HOME/rota`.
struct ContextFile: Equatable, Sendable {
    var current: String?
    var contexts: [String: ClusterContext] = [:]

    static func path(in world: World) -> String {
        Folders.configuration(in: world) + "/contexts.json"
    }

    /// The file's contexts; none if there is no file.
    ///
    /// A file that holds tokens and that others may read is refused.
    static func read(in world: World) throws(Failure) -> Self {
        let path = path(in: world)
        guard let mode = world.files.mode(of: path) else { return Self() }
        let bytes = try Failure.reading { () throws(SystemError) in try world.files.read(path) }
        guard let value = Wire.value(bytes), let members = value["contexts"]?.object else {
            throw Failure(
                .failed,
                "\(path) cannot be read",
                why: "It is not the JSON that rota wrote.",
                next: "mv \(path) \(path).old and rota context add"
            )
        }
        let file = Self(
            current: value["current"]?.string,
            contexts: members.mapValues { ClusterContext($0) }
        )
        guard mode & 0o077 == 0 || file.contexts.values.allSatisfy({ $0.token == nil }) else {
            throw Failure(
                .refused,
                "\(path) holds tokens and others may read it",
                why: "Its mode is 0\(String(mode, radix: 8)); it must be 0600.",
                next: "chmod 600 \(path)"
            )
        }
        return file
    }

    func write(in world: World) throws(Failure) {
        var members: [String: Value] = ["contexts": .object(contexts.mapValues(\.value))]
        members["current"] = current.map { .string($0) }
        let bytes = Array(Wire.pretty(.object(members)).utf8)
        try Failure.reading { () throws(SystemError) in
            try world.files.write(Self.path(in: world), bytes, mode: 0o600)
        }
    }
}

/// Where this program keeps its own files.
///
/// - SeeAlso: XDG Base Directory Specification, 0.8.
enum Folders {
    static func configuration(in world: World) -> String {
        base("XDG_CONFIG_HOME", ".config", world)
    }

    static func state(in world: World) -> String {
        base("XDG_STATE_HOME", ".local/state", world)
    }

    private static func base(_ variable: String, _ standard: String, _ world: World) -> String {
        // A relative path in the variable is to be ignored, says the specification.
        if let set = world.variable(variable), set.hasPrefix("/") { return "\(set)/rota" }
        return "\(world.variable("HOME") ?? ".")/\(standard)/rota"
    }
}

extension Failure {
    /// Runs `work` and tells a refusal of the system as a failure.
    static func reading<Result>(
        _ work: () throws(SystemError) -> Result
    ) throws(Failure) -> Result {
        do throws(SystemError) {
            return try work()
        } catch {
            throw Failure(.failed, error.description.plain)
        }
    }
}
