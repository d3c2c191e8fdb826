// swift-tools-version: 6.3
import PackageDescription

// One list of settings for every Swift target: the language is the same everywhere in this package.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

// For what would make tests wait; debug builds of the product stay as they are.
let optimised: [SwiftSetting] = [.unsafeFlags(["-O"])]

func module(_ name: String, on dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func program(_ name: String, on dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

func library(_ name: String, pkgConfig: String, apt package: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([package])])
}

func tests(of name: String, on more: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .testTarget(
        name: name + "Tests",
        dependencies: [.target(name: name), "TestSupport"] + more,
        exclude: exclude,
        swiftSettings: settings
    )
}

let package = Package(
    name: "rota",
    targets: [
        // Floor 0: C. A library is seen by exactly one Swift target.
        .target(name: "CLinux"),
        library("CSQLite", pkgConfig: "sqlite3", apt: "libsqlite3-dev"),
        library("CPostgres", pkgConfig: "libpq", apt: "libpq-dev"),
        library("CMicroHTTPD", pkgConfig: "libmicrohttpd", apt: "libmicrohttpd-dev"),
        library("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
        library("CSodium", pkgConfig: "libsodium", apt: "libsodium-dev"),
        library("CYAML", pkgConfig: "yaml-0.1", apt: "libyaml-dev"),
        library("CODBC", pkgConfig: "odbc", apt: "unixodbc-dev"),

        // Floor 1: words, and the only places that touch the system or a C library.
        module("Vocabulary"),
        module("Platform", on: ["CLinux", "Vocabulary"]),
        module("SQLite", on: ["CSQLite"]),
        module("Postgres", on: ["CPostgres"]),
        module("ODBC", on: ["CODBC"]),
        module("HTTPService", on: ["CMicroHTTPD"]),
        module("HTTPClient", on: ["CCurl"]),
        module("Sealing", on: ["CSodium", "Vocabulary"]),
        module("Documents", on: ["CYAML", "Vocabulary"]),
        module("CommandTable", on: ["Vocabulary"]),

        // Floor 2: the four prescribed modules; none imports another.
        module("CronEval", on: ["Vocabulary"]),
        module("Gossip", on: ["Vocabulary"]),
        module(
            "LockLease",
            on: ["Vocabulary", "Platform", "SQLite", "Postgres", "Sealing", "HTTPClient"]
        ),
        module(
            "LogSink",
            on: ["Vocabulary", "Platform", "SQLite", "Postgres", "Documents", "HTTPService"]
        ),

        // Floor 3: decisions about time, and the list that nodes and masters share.
        module("Scheduler", on: ["Vocabulary", "CronEval", "LockLease"]),
        module(
            "JobList",
            on: [
                "Vocabulary", "Platform", "SQLite", "Sealing", "Documents", "CronEval", "Gossip",
                "LockLease", "LogSink", "HTTPService", "HTTPClient", "CommandTable",
            ]
        ),

        // Floor 4: shells.
        module(
            "PeerNode",
            on: [
                "Vocabulary", "Platform", "HTTPService", "HTTPClient", "Sealing", "Documents",
                "CommandTable", "CronEval", "Gossip", "LockLease", "LogSink", "ODBC", "Scheduler",
                "JobList",
            ]
        ),
        module(
            "Master",
            on: [
                "Vocabulary", "Platform", "HTTPService", "HTTPClient", "Sealing", "Documents",
                "CommandTable", "CronEval", "Gossip", "LockLease", "LogSink", "JobList",
            ]
        ),
        module(
            "RotaCLI",
            on: [
                "Vocabulary", "Platform", "HTTPClient", "Documents", "CommandTable", "CronEval",
            ]
        ),

        // Floor 5: a main file each.
        program("rota-node", on: ["PeerNode"]),
        program("rota-master", on: ["Master"]),
        program("rota", on: ["RotaCLI"]),

        // Other people's cron evaluators as judges of ours, and the race against them.
        .target(
            name: "CronJudge",
            dependencies: ["Vocabulary", "Platform", "CronEval"],
            path: "Benchmarks/CronJudge",
            swiftSettings: settings + optimised
        ),
        .executableTarget(
            name: "cron-judge",
            dependencies: ["CronJudge"],
            path: "Benchmarks/cron-judge",
            swiftSettings: settings
        ),

        // What the race programs below have in common.
        .target(
            name: "RaceWords",
            dependencies: ["Platform"],
            path: "Benchmarks/RaceWords",
            swiftSettings: settings
        ),

        // Processes that race for claims, under faults or beside the bare store.
        .target(
            name: "StoreRace",
            dependencies: ["LockLease", "Platform", "RaceWords", "Vocabulary"],
            path: "Benchmarks/StoreRace",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "store-race",
            dependencies: ["StoreRace"],
            path: "Benchmarks/store-race",
            swiftSettings: settings
        ),

        // Clusters of small processes that race against other people's gossip.
        .target(
            name: "GossipRace",
            dependencies: [
                "Gossip", "JobList", "LockLease", "PeerNode", "Platform", "RaceWords", "Sealing",
                "Vocabulary",
            ],
            path: "Benchmarks/GossipRace",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "gossip-race",
            dependencies: ["GossipRace"],
            path: "Benchmarks/gossip-race",
            swiftSettings: settings
        ),

        // Whole lists between processes, beside bare loops.
        .target(
            name: "ListRace",
            dependencies: [
                "Vocabulary", "Platform", "Sealing", "Gossip", "HTTPService", "JobList",
                "LockLease", "RaceWords",
            ],
            path: "Benchmarks/ListRace",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "list-race",
            dependencies: ["ListRace"],
            path: "Benchmarks/list-race",
            swiftSettings: settings
        ),

        // The scheduler's index with millions of jobs.
        .target(
            name: "SchedulerRace",
            dependencies: [
                "CronEval", "Gossip", "JobList", "LockLease", "PeerNode", "Platform", "Scheduler",
                "Vocabulary",
            ],
            path: "Benchmarks/SchedulerRace",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "scheduler-race",
            dependencies: ["SchedulerRace"],
            path: "Benchmarks/scheduler-race",
            swiftSettings: settings
        ),

        // Whole clusters that run jobs, beside other schedulers and a bare loop of spawns.
        .target(
            name: "RunRace",
            dependencies: [
                "Vocabulary", "Platform", "HTTPClient", "Sealing", "CronEval", "LockLease",
                "Scheduler", "JobList",
            ],
            path: "Benchmarks/RunRace",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "run-race",
            dependencies: ["RunRace"],
            path: "Benchmarks/run-race",
            swiftSettings: settings
        ),

        .target(
            name: "TestSupport",
            dependencies: ["Platform"],
            path: "Tests/TestSupport",
            swiftSettings: settings
        ),
        .target(
            name: "CronProof",
            dependencies: ["CronEval", "Platform", "Vocabulary"],
            path: "Tests/CronProof",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "prove-cron",
            dependencies: ["CronProof"],
            path: "Tests/prove-cron",
            swiftSettings: settings
        ),
        .target(
            name: "GossipSimulator",
            dependencies: ["Gossip", "Vocabulary"],
            path: "Tests/GossipSimulator",
            swiftSettings: settings + optimised
        ),
        .executableTarget(
            name: "simulate-gossip",
            dependencies: ["GossipSimulator"],
            path: "Tests/simulate-gossip",
            swiftSettings: settings
        ),
        .target(
            name: "ClusterSimulator",
            dependencies: [
                "CronEval", "GossipSimulator", "JobList", "LockLease", "PeerNode", "Platform",
                "Scheduler", "Vocabulary",
            ],
            path: "Tests/ClusterSimulator",
            swiftSettings: settings + optimised
        ),
        .executableTarget(
            name: "simulate-cluster",
            dependencies: ["ClusterSimulator"],
            path: "Tests/simulate-cluster",
            swiftSettings: settings
        ),
        .testTarget(
            name: "ClusterTests",
            dependencies: [
                "TestSupport", "HTTPClient", "SQLite", "rota", "rota-node", "rota-master",
            ],
            swiftSettings: settings
        ),
        .testTarget(name: "TidyTests", dependencies: [], swiftSettings: settings),
        tests(of: "Vocabulary"),
        tests(of: "Platform", on: ["Vocabulary"]),
        tests(of: "SQLite"),
        tests(of: "Postgres", on: ["Platform"]),
        tests(of: "ODBC"),
        tests(of: "HTTPService", on: ["HTTPClient"]),
        tests(of: "HTTPClient", on: ["HTTPService"]),
        tests(of: "Sealing", on: ["Vocabulary"]),
        tests(of: "Documents", on: ["Vocabulary"], exclude: ["Golden"]),
        tests(of: "CommandTable", on: ["Vocabulary"], exclude: ["Golden"]),
        tests(of: "CronEval", on: ["CronProof", "Vocabulary", "Platform"], exclude: ["Golden"]),
        tests(of: "CronJudge", on: ["CronEval", "Platform"], exclude: ["Golden"]),
        tests(of: "ClusterSimulator", on: ["JobList", "LockLease", "Vocabulary"]),
        tests(of: "Gossip", on: ["GossipSimulator", "Vocabulary"]),
        tests(
            of: "LockLease",
            on: ["Vocabulary", "Platform", "SQLite", "Postgres"],
            exclude: ["Golden"]
        ),
        tests(of: "LogSink", on: ["Vocabulary", "Platform", "SQLite", "Postgres", "Documents"]),
        tests(of: "Scheduler", on: ["Vocabulary", "CronEval", "LockLease", "Platform"]),
        tests(
            of: "JobList",
            on: [
                "Vocabulary", "Platform", "Sealing", "Documents", "CronEval", "Gossip", "LockLease",
                "HTTPService", "SQLite",
            ],
            exclude: ["Golden"]
        ),
        tests(
            of: "PeerNode",
            on: [
                "Vocabulary", "Platform", "CronEval", "LockLease", "LogSink", "Scheduler",
                "JobList", "HTTPService", "HTTPClient", "Documents",
            ]
        ),
        tests(
            of: "Master",
            on: [
                "CommandTable", "CronEval", "Documents", "Gossip", "HTTPClient", "HTTPService",
                "JobList",
                "LockLease", "LogSink", "Platform", "Sealing", "Vocabulary",
            ],
            exclude: ["Golden"]
        ),
        tests(
            of: "RotaCLI",
            on: ["CommandTable", "CronEval", "Documents", "Platform", "Vocabulary"],
            exclude: ["Golden"]
        ),
    ]
)
