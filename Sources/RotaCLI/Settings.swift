// Flags before environment before context file before defaults.

internal import CommandTable
internal import CronEval
internal import Platform
internal import Vocabulary

/// What one call of the program goes by.
struct Settings: Sendable {
    let contextName: String?
    let cluster: ClusterContext
    let token: String?
    let format: OutputFormat
    let verbosity: Verbosity
    let paint: Paint
    let errorPaint: Paint

    init(_ invocation: Invocation, world: World) throws(Failure) {
        format = OutputFormat(invocation)
        verbosity =
            invocation.flag("quiet") ? .quiet : invocation.flag("verbose") ? .verbose : .normal
        paint = Paint(option: invocation.text("color"), world: world, stream: .output)
        errorPaint = Paint(option: invocation.text("color"), world: world, stream: .errors)
        let file = try ContextFile.read(in: world)
        (contextName, cluster) = try Self.cluster(invocation, file, world)
        token = try Self.token(invocation, cluster, world)
    }

    private static func cluster(
        _ invocation: Invocation,
        _ file: ContextFile,
        _ world: World
    ) throws(Failure) -> (String?, ClusterContext) {
        let named = invocation.text("context") ?? world.variable("ROTA_CONTEXT")
        let name = named ?? file.current
        var cluster = ClusterContext.standard
        if let name {
            guard let found = file.contexts[name] else {
                let near = name.nearest(among: file.contexts.keys.sorted())
                throw Failure(
                    .notFound,
                    "There is no context \"\(name.plain)\"",
                    next: near.map { "--context \($0)" } ?? "rota context list"
                )
            }
            cluster = found
        }
        if let urls = invocation.text("url") ?? world.variable("ROTA_URL") {
            let given = try ClusterContext.urls(in: urls)
            // A token belongs to the masters it was made for: it does not follow to others.
            if !Set(given).isSubset(of: cluster.urls) {
                cluster.token = nil
                cluster.tokenFile = nil
            }
            cluster.urls = given
        }
        cluster.tenant =
            invocation.text("tenant") ?? world.variable("ROTA_TENANT") ?? cluster.tenant
        return (name, cluster)
    }

    private static func token(
        _ invocation: Invocation,
        _ cluster: ClusterContext,
        _ world: World
    ) throws(Failure) -> String? {
        if let path = invocation.text("token-file") { return try token(in: path, world) }
        if let token = world.variable("ROTA_TOKEN") { return trimmed(token) }
        if let path = world.variable("ROTA_TOKEN_FILE") { return try token(in: path, world) }
        if let token = cluster.token { return token }
        guard let path = cluster.tokenFile else { return nil }
        return try token(in: path, world)
    }

    /// The token in the file at `path`, or from standard input for `-`.
    static func token(in path: String, _ world: World) throws(Failure) -> String {
        let bytes = try world.input(path)
        if path != "-", let mode = world.files.mode(of: path), mode & 0o077 != 0 {
            throw Failure(
                .refused,
                "\(path) holds a token and others may read it",
                why: "Its mode is 0\(String(mode, radix: 8)); it must be 0600.",
                next: "chmod 600 \(path)"
            )
        }
        let token = trimmed(String(decoding: bytes, as: UTF8.self))
        guard !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Failure(.failed, "\(path) holds no token", why: "A token is one word of ASCII.")
        }
        return token
    }

    private static func trimmed(_ text: String) -> String {
        String(text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
}

extension World {
    /// The bytes of the file at `path`, or of standard input for `-`; at most 16 MiB.
    func input(_ path: String) throws(Failure) -> [UInt8] {
        guard path == "-" else {
            return try Failure.reading { () throws(SystemError) in try files.read(path) }
        }
        var bytes: [UInt8] = []
        while true {
            let part = try Failure.reading { () throws(SystemError) in
                try terminal.read(limit: 65_536)
            }
            if part.isEmpty { return bytes }
            bytes += part
            guard bytes.count <= 16 << 20 else {
                throw Failure(.failed, "standard input is longer than 16 MiB")
            }
        }
    }
}
