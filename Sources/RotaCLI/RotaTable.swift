// The table of everything `rota` can be asked to do.

package import CommandTable
internal import Vocabulary

/// The commands of `rota`.
package enum RotaTable {
    package static let table = CommandTable(
        program: "rota",
        version: rotaVersion,
        summary: "cron for a fleet",
        groups: [
            CommandGroup("job", "What runs, and when"),
            CommandGroup("job import", "Take jobs over from elsewhere"),
            CommandGroup("run", "What ran or is running, and its output"),
            CommandGroup("node", "The machines that run jobs"),
            CommandGroup("cluster", "The members, and what they trust one another by"),
            CommandGroup("cluster key", "The keys that gossip is sealed with"),
            CommandGroup("calendar", "Days on which jobs may be due"),
            CommandGroup("context", "The clusters you talk to"),
        ],
        commands: overview + jobs + jobActions + runs + nodes + clusters + calendars
            + manifests + own,
        globalOptions: [
            .text(
                "output",
                short: "o",
                "FORMAT",
                "How to print",
                from: .choices(OutputFormat.allCases.map(\.rawValue))
            ),
            .flag("json", "The same as --output json"),
            .text("context", "NAME", "Which cluster, by its context", from: .names(of: "context")),
            .text("url", "URL", "Masters to ask, in order, divided by commas"),
            .text("tenant", "NAME", "Whose jobs"),
            .text("token-file", "FILE", "Sign in with the token in it; - reads it", from: .files),
            .text("zone", "ZONE", "Show times in this time zone"),
            .flag("utc", "Show times in UTC"),
            .flag("iso", "Show whole times instead of \"in 5m\""),
            .text("color", "WHEN", "Use colours", from: .choices(["auto", "always", "never"])),
            .flag("quiet", short: "q", "Say nothing about what was done"),
            .flag("verbose", short: "v", "Say a refusal's request id; rota-master sends none"),
        ]
    )

    static let jobName = Argument("JOB", "The job's name", from: .names(of: "job"))
    static let someJobs = Argument(
        "JOB",
        "The jobs' names",
        count: .several,
        from: .names(of: "job")
    )
    static let runID = Argument("RUN", "The run's id", from: .names(of: "run"))
    static let confirmed = Option.flag("yes", short: "y", "Do not ask")
    static let manifest = Option.repeated(
        "file",
        short: "f",
        "FILE",
        "A manifest, a folder of them, or - for standard input",
        from: .files
    )
    static let limit = Option.number(
        "limit",
        short: "n",
        "N",
        "At most this many",
        in: 1...1_000_000
    )

    private static let overview = [
        Command(
            "status",
            "The cluster on one screen",
            details: "How many nodes are alive, what needs you, what runs and what starts next.",
            examples: [Example("rota status", "Is everything all right?")]
        ),
        Command(
            "next",
            "What starts next, and on which node",
            arguments: [
                Argument("JOB", "Only this job", count: .optional, from: .names(of: "job"))
            ],
            options: [
                limit,
                .text("match", "TEXT", "Only jobs whose name has this in it"),
                .text("label", "TEXT", "Only jobs with this label"),
                .text("node", "NODE", "Only starts expected on it", from: .names(of: "node")),
                .text("until", "TIME", "Nothing later than this time or date"),
                .flag("each", "Every start of a job, not only its next"),
            ],
            examples: [
                Example("rota next -n 5", "The five jobs that start soonest, and where."),
                Example("rota next --node n2 --each", "All that is expected on one node."),
                Example("rota next etl/orders", "The next starts of one job."),
            ]
        ),
        Command(
            "why",
            "Why a job did, did not or will not start",
            arguments: [jobName],
            options: [.text("at", "TIME", "The due time in question, as in 2026-11-21T03:00:00Z")],
            examples: [
                Example("rota why etl/orders", "What about its next start?"),
                Example("rota why etl/orders --at 2026-11-21T03:00:00Z", "What about that one?"),
            ]
        ),
    ]

    private static let nodes = [
        Command(
            "node list",
            "List nodes",
            examples: [Example("rota node list -o wide", "With addresses, tags and versions.")]
        ),
        Command(
            "node drain",
            "Let a node's runs end and start no more on it",
            arguments: [Argument("NODE", "The node's name", from: .names(of: "node"))],
            options: [confirmed],
            examples: [Example("rota node drain n2 --yes", "Before its kernel is updated.")]
        ),
        Command(
            "node undrain",
            "Let a drained node run jobs again",
            arguments: [Argument("NODE", "The node's name", from: .names(of: "node"))],
            examples: [Example("rota node undrain n2", "After it.")]
        ),
    ]

    private static let manifests = [
        Command(
            "apply",
            "Make jobs and calendars what manifests say",
            details: "Shows what would change, asks, and changes it. What no manifest names "
                + "stays as it is, but for jobs under --prune. A manifest is YAML or JSON: kind, "
                + "name, spec.",
            options: [
                manifest,
                .flag("plan", "Only show it; exit 1 if something would change"),
                .flag("prune", "Delete jobs that no manifest names"),
                confirmed,
            ],
            examples: [
                Example("rota apply -f jobs/", "Apply all manifests in a folder."),
                Example("rota export | rota apply -f - --plan", "What differs? Nothing."),
            ]
        ),
        Command(
            "diff",
            "Show what apply would change",
            details: "Exits with 0 if nothing, 1 if something would change, and more for trouble.",
            options: [manifest, .flag("prune", "Show what --prune would delete, too")],
            examples: [Example("rota diff -f jobs/", "Compare a folder with the cluster.")]
        ),
        Command(
            "export",
            "Print all calendars and jobs as manifests",
            details: "YAML unless -o json; in the order of names, so that it can be kept in git.",
            arguments: [
                Argument(
                    "KIND",
                    "What to export",
                    count: .optional,
                    from: .choices(["job", "calendar"])
                )
            ],
            examples: [Example("rota export > jobs.yaml", "Keep everything in one file.")]
        ),
    ]

    private static let own = [
        Command(
            "context list",
            "List the clusters you know",
            examples: [Example("rota context list", "The current one has a star.")]
        ),
        Command(
            "context use",
            "Talk to this cluster from now on",
            arguments: [Argument("NAME", "The context's name", from: .names(of: "context"))],
            examples: [Example("rota context use acme", "For all later commands.")]
        ),
        Command(
            "context add",
            "Get to know a cluster",
            details: "The masters are given by --url and the token by --token-file, which is read "
                + "once and kept in a file that only you can read.",
            arguments: [Argument("NAME", "A name of your choice")],
            examples: [
                Example(
                    "rota context add acme --url https://m1:8470,https://m2:8470 --token-file -",
                    "Two masters; the token comes from standard input."
                )
            ]
        ),
        Command(
            "context rm",
            "Forget a cluster",
            arguments: [Argument("NAME", "The context's name", from: .names(of: "context"))],
            examples: [Example("rota context rm acme", "Its token is forgotten, too.")]
        ),
        Command(
            "context show",
            "Show where commands go and why",
            examples: [Example("rota context show", "Masters, tenant and file.")]
        ),
        Command(
            "completion",
            "Print the completion script of a shell",
            arguments: [
                Argument("SHELL", "Your shell", from: .choices(Shell.allCases.map(\.rawValue)))
            ],
            examples: [
                Example(
                    "rota completion bash > ~/.local/share/bash-completion/completions/rota",
                    ""
                )
            ]
        ),
        Command("version", "Print the version", examples: [Example("rota version", "")]),
        Command(
            "help",
            "Explain a command or a topic",
            details: "Topics: \(HelpTopic.allCases.map(\.rawValue).joined(separator: ", ")).",
            arguments: [Argument("WORD", "A command's words, or a topic", count: .any)],
            examples: [
                Example("rota help job add", "The same as rota job add --help."),
                Example("rota help exit-codes", "What each exit code means."),
            ]
        ),
        Command(
            "__complete",
            "Answer a shell's completion",
            arguments: [Argument("WORD", "The words so far", count: .any)],
            visibility: .hidden
        ),
    ]
}
