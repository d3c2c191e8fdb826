import CronEval
import Documents
import Platform
import RotaCLI
import TestSupport
import Synchronization
import Testing
import Vocabulary

@Suite struct CrontabTests {
    private static let userCrontab = """
        # m h  dom mon dow   command
        SHELL=/bin/bash
        PATH = "/usr/local/bin:/usr/bin:/bin"
        MAILTO=ops@acme.example
        MAILTO=""

        */5 * * * * /opt/sync.sh
        0 3 * * * pg_dump -Fc shop | gzip > /backup/shop.$(date +\\%F).gz
        @daily /usr/bin/certbot -q renew
        @reboot /opt/agent
        @midnite /opt/typo
        30 2 * * 1-5 cd /srv/app && php artisan schedule:run >> /dev/null 2>&1
        15 4 * * * flock -n /tmp/r.lock nice -n 19 /opt/scripts/report.py --all
        0 0 1 * * mail -s "It's%0" boss%Dear boss,%%the month begins.
        */10 * * * * [ -x /usr/lib/php/sessionclean ] && /usr/lib/php/sessionclean
        1 2 3
        0 25 * * * /bin/never
        0 0 30 2 * /bin/february
        \t 7 7 * * 7 sleep 30; curl -fsS https://hc.example/ping/1 > /dev/null
        GREETING='hello  world'
        CRON_TZ=Asia/Shanghai
        0 9 * * * python3 -m reports.daily --to=$GREETING
        0 9 * * * python3 -m reports.daily --again
        TZ=Europe/Berlin
        RANDOM_DELAY=30
        HOME=/srv/app
        5 5 * * * A=1 B=2 ./run_all.sh
        0 1 * * * root /usr/sbin/tool
        0 1 * * *
        2 2 * * * echo done
        3 3 * * * /opt/备份.sh
        4 4 * * * sudo -u postgres /usr/bin/vacuumdb --all
        """

    private func plan(
        _ text: String,
        layout: CrontabFile.Layout = .user,
        zone: String? = nil,
        prefix: String = ""
    ) -> CrontabPlan {
        CrontabPlan(
            CrontabFile(parsing: text, layout: layout),
            zone: zone,
            prefix: prefix,
            zones: ZoneCatalog { ZoneInfoFiles.bytes(named: $0) }
        )
    }

    private func transcript(_ plan: CrontabPlan) -> String {
        var text = ""
        for line in plan.lines {
            text += "\(line.number): \(line.text)\n"
            switch line.outcome {
            case .noted(let note): text += "   → \(note)\n"
            case .refused(let reason): text += "   ✕ \(reason)\n"
            case .job(let name, let words, let notes):
                text += "   → job \(name), \(words)\n"
                for note in notes { text += "     note: \(note)\n" }
            }
        }
        for manifest in plan.manifests {
            text += String(decoding: JSON.bytes(manifest), as: UTF8.self) + "\n"
        }
        return text
    }

    @Test func `a user's crontab becomes jobs, and what cannot says why`() throws {
        try expectGolden(transcript(plan(Self.userCrontab)), named: "crontab-user.txt")
    }

    @Test func `a system crontab has a user before each command`() throws {
        let text = """
            SHELL=/bin/sh
            17 *\t* * *\troot    cd / && run-parts --report /etc/cron.hourly
            25 6\t* * *\troot\ttest -x /usr/sbin/anacron || { cd / && run-parts /etc/cron.daily; }
            09,39 * * * * www-data [ -x /usr/lib/php/sessionclean ] && /usr/lib/php/sessionclean
            0 4 * * * postgres psql -c 'select 1'
            5 5 * * * root
            """
        try expectGolden(
            transcript(plan(text, layout: .system, zone: "Asia/Shanghai", prefix: "web1/")),
            named: "crontab-system.txt"
        )
    }

    @Test func `names are valid, unique and the same each time`() {
        let lines = (0..<200).map { "0 0 * * * /opt/\(String(repeating: "x", count: $0)).sh" }
        let text = (lines + lines).joined(separator: "\n")
        let names = plan(text).manifests.compactMap { $0["name"]?.string }
        #expect(Set(names).count == 400)
        #expect(names.allSatisfy { $0.utf8.count <= 127 })
        #expect(names == plan(text).manifests.compactMap { $0["name"]?.string })
    }

    @Test func `carriage returns and a missing last newline do not matter`() {
        let entries = plan("0 0 * * * /bin/a\r\n1 1 * * * /bin/b\r").manifests
        #expect(
            entries.compactMap { $0["spec"]?["shell"]?["command"]?.string } == [
                "/bin/a", "/bin/b",
            ]
        )
    }

    @Test func `--plan asks no cluster, and exits with 1 if a line was left out`() async throws {
        let fake = FakeWorld(input: "MAILTO=ops@acme\n\n*/5 * * * * /opt/sync.sh\n@reboot /opt/a\n")
        await fake.rota("job", "import", "crontab", "-", "--plan")
        fake.state.withLock { $0.input = Array("0 1 * * * /opt/sync.sh\n".utf8) }
        await fake.rota("job", "import", "crontab", "--plan", "-o", "jsonl")
        #expect(fake.calls.isEmpty)
        try expectGolden(fake.transcript, named: "crontab-plan.txt")
    }

    @Test func `without --tz the times are this machine's`() async {
        let fake = FakeWorld(environment: ["TZ": "Asia/Shanghai"], input: "0 1 * * * /opt/a.sh\n")
        await fake.rota("job", "import", "crontab", "--plan", "-o", "jsonl")
        #expect(fake.output.contains(#""time_zone":"Asia/Shanghai""#))
        #expect(fake.errors.contains("Asia/Shanghai, this machine's zone"))
    }

    @Test func `importing never overwrites a job without a yes`() async throws {
        let dry = """
            {"results":[{"kind":"job","name":"opt-sync","action":"update","diff":["schedule"]}]}
            """
        let fake = FakeWorld(
            input: "*/5 * * * * /opt/sync.sh\n",
            answer: Canned.routes([
                "POST /v1/apply?dry_run=1": Canned.json(dry),
                "POST /v1/apply": Canned.json(dry, revision: "1.18"),
            ])
        )
        #expect(await fake.rota("job", "import", "crontab") == .refused)
        #expect(fake.calls.count == 1)
        fake.state.withLock { $0.input = Array("*/5 * * * * /opt/sync.sh\n".utf8) }
        #expect(await fake.rota("job", "import", "crontab", "--yes") == .done)
        try expectGolden(fake.transcript, named: "crontab-import.txt")
    }
}
