// The commands about jobs and runs.

internal import CommandTable
internal import Vocabulary

extension RotaTable {
    static let jobs = [
        Command(
            "job list",
            "List jobs",
            options: [
                .text("match", "TEXT", "Only jobs whose name or description has this in it"), limit,
            ],
            examples: [
                Example("rota job list -o wide", "With zone, owner and version."),
                Example("rota job list -o name --match etl", "For scripts."),
            ]
        ),
        Command(
            "job show",
            "Show one job",
            arguments: [jobName],
            examples: [Example("rota job show etl/orders -o yaml", "All there is to know.")]
        ),
        Command(
            "job add",
            "Add a job",
            details: "A job without a schedule runs only when asked to. Policies with a number are "
                + "written like allow:3.",
            arguments: [
                Argument("NAME", "The new job's name; slashes make groups", count: .optional)
            ],
            options: [manifest] + scheduleOptions + ruleOptions + shellOptions + httpOptions
                + sqlOptions
                + policyOptions,
            examples: [
                Example("rota job add hello --every 1m --shell 'echo hello'", "Every minute."),
                Example(
                    "rota job add backup --schedule '0 3 * * *' --tz Asia/Shanghai "
                        + "--shell /opt/backup.sh",
                    "Every night at three, Shanghai time."
                ),
                Example(
                    "rota job add ping --every 5m --http https://example.com/ping --retries 2",
                    "A request instead of a command."
                ),
                Example("rota job add -f job.yaml", "From a manifest."),
            ]
        ),
        Command(
            "job edit",
            "Edit a job in your editor",
            details: "Opens $VISUAL or $EDITOR. Nothing is lost if somebody else changed the job "
                + "meanwhile: your text is kept in a file. --from-saved takes it up with their "
                + "changes in it; where both of you changed the same, a line asks you to decide.",
            arguments: [jobName],
            options: [.flag("from-saved", "Start from the text that was kept")],
            examples: [Example("rota job edit etl/orders", "")]
        ),
        Command(
            "job set",
            "Change single members of a job's spec",
            details: "KEY=VALUE, with dots for members of members; KEY= removes one.",
            arguments: [jobName, Argument("KEY=VALUE", "What to change", count: .several)],
            examples: [
                Example(
                    "rota job set etl/orders timeout=20m retries.limit=3",
                    "Two changes at once."
                ),
                Example("rota job set etl/orders schedule='*/5 * * * *'", "Every five minutes."),
            ]
        ),
        Command(
            "job rm",
            "Delete jobs",
            arguments: [someJobs],
            options: [confirmed],
            examples: [Example("rota job rm hello --yes", "")]
        ),
    ]

    static let jobActions = [
        Command(
            "job run",
            "Run a job now",
            arguments: [jobName],
            options: [
                .flag("follow", short: "f", "Show its output until it ends"),
                .flag("wait", "Wait until it ends; exit 6 if it does not succeed"),
                .duration("timeout", "TIME", "Wait no longer than this; exit 7"),
            ],
            examples: [
                Example("rota job run hello --follow", "And watch it."),
                Example("rota job run backup --wait --timeout 1h", "For scripts."),
            ]
        ),
        Command(
            "job backfill",
            "Run a job for instants of the past",
            details: "One run for each instant between --from and --to, the oldest first, as the "
                + "job's overlap policy lets them. An instant that has run, is under way or may "
                + "have run is left out.",
            arguments: [jobName],
            options: [
                .text("from", "TIME", "The first instant, or a date"),
                .text("to", "TIME", "The last instant; now if not given"),
                .number("limit", short: "n", "N", "The oldest N only", in: 1...10_000),
                .flag("again", "Also those that have run, or may have"),
                .flag("plan", "Only show what would be run"), confirmed,
            ],
            examples: [
                Example("rota job backfill etl/orders --from 2026-11-20 --plan", "Look first."),
                Example(
                    "rota job backfill etl/orders --from 2026-11-01 --to 2026-11-20 --yes",
                    "All that were missed in these days."
                ),
            ]
        ),
        Command(
            "job next",
            "When a job or an expression is due",
            details: "With --expr nothing is asked of a cluster. With --batch, each line is a JSON "
                + "object with expr, and tz, jitter, dst, after or before, n, seed and anchor if "
                + "wanted; each is answered by one line with next, previous or error.",
            arguments: [
                Argument("JOB", "The job's name", count: .optional, from: .names(of: "job"))
            ],
            options: [
                .text("expr", short: "e", "CRON", "This expression instead of a job's"),
                .text("tz", "ZONE", "The zone it is in"),
            ] + ruleOptions + [
                .number("count", short: "n", "N", "How many, 10 if not given", in: 1...100_000),
                .text("from", "TIME", "After this time or date instead of now"),
                .text("to", "TIME", "Not after this time or date"),
                .text("batch", "FILE", "Answer JSON lines; - for standard input", from: .files),
            ],
            examples: [
                Example("rota job next --expr '30 2 * * *' --tz Europe/Berlin -n 3", "Offline."),
                Example("rota job next etl/orders", "As the cluster has it."),
                Example("rota job next --batch questions.jsonl", "Many at once."),
            ]
        ),
        Command(
            "job explain",
            "Say in words what a schedule does",
            details: "The sentence, the next five starts, and what may surprise: days that do not "
                + "exist, and the clock changes of the coming year. Of an expression nothing is "
                + "asked of a cluster.",
            arguments: [
                Argument("EXPR|JOB", "An expression, or a job's name", from: .names(of: "job"))
            ],
            options: [.text("tz", "ZONE", "The zone an expression is in")] + ruleOptions,
            examples: [
                Example("rota job explain '30 2 * * *' --tz Europe/Berlin", "Offline."),
                Example("rota job explain etl/orders", "As the cluster has it."),
            ]
        ),
        Command(
            "job pause",
            "Start no more runs of jobs",
            arguments: [someJobs],
            options: [
                .text("reason", "TEXT", "Why, for others"),
                .text("until", "TIME", "Resume by itself then, as in 2026-11-21T03:00:00Z"),
            ],
            examples: [Example("rota job pause etl/orders --reason 'schema change'", "")]
        ),
        Command(
            "job resume",
            "End a pause",
            arguments: [someJobs],
            examples: [Example("rota job resume etl/orders", "")]
        ),
        Command(
            "job import crontab",
            "Take over a crontab",
            details:
                "Each line is imported or named with the reason why not; then the exit code is "
                + "1. Names come from the commands, so importing again changes nothing.",
            arguments: [
                Argument(
                    "FILE",
                    "The crontab; standard input if not given",
                    count: .optional,
                    from: .files
                )
            ],
            options: [
                .flag("plan", "Only show what would be imported; asks no cluster"),
                .text("tz", "ZONE", "The zone of the old machine, unless the crontab says"),
                .text("prefix", "TEXT", "Begin all names with this, as in web1/"),
                .flag("user-field", "The lines have a user before the command: /etc/crontab"),
                confirmed,
            ],
            examples: [
                Example("crontab -l | rota job import crontab --plan", "Look first."),
                Example("rota job import crontab --user-field /etc/crontab --prefix web1/", ""),
            ]
        ),
    ]

    static let runs = [
        Command(
            "run list",
            "List runs, the newest first",
            options: [
                .text("job", "JOB", "Only this job's", from: .names(of: "job")),
                .text("state", "STATE", "Only these", from: .choices(runStates)),
                .text("node", "NODE", "Only those on this node", from: .names(of: "node")), limit,
            ],
            examples: [Example("rota run list --state failed -n 5", "The last five failures.")]
        ),
        Command(
            "run show",
            "Show one run",
            arguments: [runID],
            examples: [Example("rota run show 01JD8ZQ4V0000000000000000A", "")]
        ),
        Command(
            "run logs",
            "Show what a run printed",
            details: "Given a job's name, its newest run. A cut connection is taken up again where "
                + "it was cut.",
            arguments: [
                Argument("RUN", "The run's id, or a job's name", from: .names(of: "run"))
            ],
            options: [
                .flag("follow", short: "f", "Go on until the run ends"),
                .number("lines", short: "n", "N", "Only the last N lines", in: 0...10_000_000),
                .flag("stdout", "Only standard output"),
                .flag("stderr", "Only standard error"),
                .flag("timestamps", short: "t", "Begin each line with its time"),
                .text("grep", "TEXT", "Only lines with this text in them"),
            ],
            examples: [
                Example("rota run logs etl/orders -f", "Follow the newest run of a job."),
                Example("rota run logs 01JD8ZQ4V0000000000000000A -n 20", "The end of a log."),
                Example("rota run logs etl/orders --grep ERROR", "What went wrong."),
            ]
        ),
        killCommand("run kill"),
        Command(
            "run retry",
            "Run it again",
            arguments: [runID],
            examples: [Example("rota run retry 01JD8ZQ4V0000000000000000A", "")]
        ),
        killCommand("kill"),
    ]

    private static let runStates = [
        "running", "succeeded", "failed", "timed-out", "killed", "lost",
    ]

    private static func killCommand(_ path: String) -> Command {
        Command(
            path,
            "End a run: TERM, and KILL after a grace",
            details: "The order is kept by the cluster and carried out even if the node cannot be "
                + "reached now.",
            arguments: [runID],
            options: [
                .duration("grace", "TIME", "Between TERM and KILL, instead of the job's own"),
                .flag("wait", "Wait until it is over"),
                .duration("timeout", "TIME", "Wait no longer than this; exit 7"), confirmed,
            ],
            examples: [Example("rota \(path) 01JD8ZQ4V0000000000000000A --wait --yes", "")]
        )
    }

    private static let scheduleOptions: [Option] = [
        .text("schedule", "CRON", "Five to seven fields, or @daily and the like"),
        .text("every", "TIME", "Instead: every 5m, on a grid that never moves"),
        .text("at", "TIME", "Instead: once, as in 2026-11-21T03:00:00Z"),
        .text("tz", "ZONE", "The schedule's time zone; UTC if not given"),
    ]

    private static let ruleOptions: [Option] = [
        .duration("jitter", "TIME", "Due later by a part of this that never changes"),
        .text(
            "dst-gap",
            "POLICY",
            "Times that clocks skip: at the next minute, or not at all",
            from: .choices(ClockChangePolicy.Gap.allCases.map(\.rawValue))
        ),
        .text(
            "dst-overlap",
            "POLICY",
            "Times that clocks repeat: which of the two",
            from: .choices(ClockChangePolicy.Overlap.allCases.map(\.rawValue))
        ),
    ]

    private static let shellOptions: [Option] = [
        .text("shell", "COMMAND", "The command line to run"),
        .text("shell-program", "PATH", "The shell that runs it; /bin/sh if not given"),
        .repeated("argv", "WORD", "A program and its arguments instead, without a shell"),
        .text("dir", "PATH", "Its working folder"),
        .repeated("env", "KEY=VALUE", "A variable of its environment"),
        .text("input", "TEXT", "What it reads from standard input"),
        .text("user", "NAME", "As whom it runs; as the node's own user if not given"),
        .text("umask", "MODE", "Octal bits that new files lack, such as 027"),
        .number("nice", "N", "From -20 to 19; higher is more modest", in: -20...19),
        .repeated("limit", "KEY=VALUE", "At most: memory, cpu, processes, files, file_size"),
        .repeated("success", "CODE", "An exit code that is a success; 0 if not given"),
    ]

    private static let httpOptions: [Option] = [
        .text("http", "URL", "The request to make instead"),
        .text("method", "METHOD", "GET if not given"),
        .repeated("header", "KEY=VALUE", "A header of the request"),
        .text("body", "TEXT", "Its body"),
        .repeated("expect", "STATUS", "A success, as in 204 or 200-299 (if not given)"),
    ]

    private static let sqlOptions: [Option] = [
        .text("sql", "STATEMENT", "What a database is to do instead"),
        .text("connection", "TEXT", "ODBC's connection string, or a data source's name"),
        .text("password", "TEMPLATE", "As in {{secret.DB}}"),
        .repeated("parameter", "TEXT", "A value for the next ? of the statement"),
        .flag("once", "A guard row makes its effect happen exactly once"),
        .repeated("secret", "NAME=PLACE", "Where nodes find it: DB=file:/etc/rota/secrets/db"),
    ]

    private static let policyOptions: [Option] = [
        .duration("timeout", "TIME", "End a run that takes longer"),
        .duration("kill-grace", "TIME", "Between TERM and KILL; 10s if not given"),
        .number("retries", "N", "Try a failed run again so often", in: 0...1_000),
        .duration("backoff", "TIME", "Before the first retry; doubles each time"),
        .text("overlap", "POLICY", "While one is running: forbid, queue, allow, allow:N, replace"),
        .text("misfire", "POLICY", "Starts that were missed: latest, skip, all:N"),
        .text("node-loss", "POLICY", "When its node dies: lost, retry:N"),
        .text(
            "store-loss",
            "POLICY",
            "While the store is away",
            from: .choices(["hold", "skip"])
        ),
        .duration("start-deadline", "TIME", "A start later than this counts as missed"),
        .duration("catch-up", "TIME", "Missed starts older than this are never made up"),
        .repeated("on-tag", "KEY=VALUE", "Only on nodes with this tag"),
        .repeated("on-node", "NODE", "Only on this node", from: .names(of: "node")),
        .text(
            "route",
            "POLICY",
            "Who goes first: spread, least-loaded, sticky, round-robin, node=NAME"
        ),
        .text("description", "TEXT", "What it is for"),
        .text("owner", "TEXT", "Whom to ask"),
        .repeated("label", "TEXT", "A word to find it by"),
    ]
}
