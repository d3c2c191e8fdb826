// Where the proof is led: real zones, and made-up ones with every odd change there might be.

internal import CronEval
internal import Platform
internal import Vocabulary

/// A zone, by name and by its rules.
struct ProofZone {
    let name: String
    let catalog: ZoneCatalog
    let rules: TimeZoneRules
    /// From 1970 to 2199.
    let changes: [ZoneChange]

    init?(_ name: String, in catalog: ZoneCatalog) {
        guard let rules = catalog.rules(named: name) else { return nil }
        self.name = name
        self.catalog = catalog
        self.rules = rules
        var changes: [ZoneChange] = []
        var cursor = Instant.epoch
        while let change = rules.firstChange(after: cursor),
            change.instant.unixSeconds < 7_258_118_400
        {
            cursor = change.instant
            changes.append(change)
        }
        self.changes = changes
    }

    func offsetInSeconds(at second: Int) -> Int {
        rules.offsetInSeconds(at: Instant(unixSeconds: Int64(second)))
    }

    var moments: WallMoments { WallMoments(offsetInSeconds: offsetInSeconds(at:)) }
}

/// All zones of the proof.
struct ProofZones {
    /// Clocks change on whole minutes, by whole minutes.
    let byMinutes: [ProofZone]
    /// They change within a minute, or by parts of one.
    let bySeconds: [ProofZone]
    /// They never change.
    let fixed: [ProofZone]

    var all: [ProofZone] { byMinutes + fixed }

    private static let minuteNames = [
        "America/New_York", "Europe/Berlin", "Europe/Dublin", "Australia/Lord_Howe",
        "America/Sao_Paulo", "America/St_Johns", "Pacific/Apia", "Pacific/Kwajalein",
        "Pacific/Chatham", "Antarctica/Casey", "Antarctica/Troll", "Africa/Casablanca",
        "Asia/Tehran", "Asia/Gaza", "Asia/Pyongyang", "America/Caracas", "America/Nuuk",
        "Asia/Kathmandu", "Pacific/Norfolk", "America/Argentina/San_Luis", "Asia/Shanghai",
    ]
    private static let fixedNames = [
        "UTC", "Asia/Kolkata", "Etc/GMT-14", "Etc/GMT+12", "Etc/GMT+5",
    ]

    init() throws(Difference) {
        let system = ZoneCatalog(load: ZoneInfoFiles.bytes(named:))
        byMinutes =
            try Self.zones(Self.minuteNames, in: system) + Self.oddZones(Self.oddMinutes)
        bySeconds =
            try Self.zones(["Africa/Monrovia"], in: system) + Self.oddZones(Self.oddSeconds)
        fixed = try Self.zones(Self.fixedNames, in: system)
    }

    private static func zones(
        _ names: [String],
        in catalog: ZoneCatalog
    ) throws(Difference) -> [ProofZone] {
        let zones = names.compactMap { ProofZone($0, in: catalog) }
        guard zones.count == names.count else { throw Difference("some zone cannot be read") }
        return zones
    }

    private static func oddZones(_ files: [String: [UInt8]]) throws(Difference) -> [ProofZone] {
        try zones(files.keys.sorted(), in: ZoneCatalog { files[$0] })
    }

    private static let oddMinutes: [String: [UInt8]] = {
        var files: [String: [UInt8]] = [:]
        for minutes: Int32 in [1, 20, 61, 179, 180, 181, 240, 1_440] {
            files["Odd/Forward\(minutes)"] = TZifText.oneShift(seconds: minutes * 60)
            files["Odd/Back\(minutes)"] = TZifText.oneShift(seconds: -minutes * 60)
        }
        // Forward and back every eight days, at all times of day.
        var busy = TZifText()
        for number in 0..<250 {
            busy.changes.append(
                (1_400_000_040 + Int64(number) * (8 * 86_400 + 2_700), number % 2 == 0 ? 3_600 : 0)
            )
        }
        files["Odd/Busy"] = busy.bytes
        return files
    }()

    private static let oddSeconds: [String: [UInt8]] = {
        var files: [String: [UInt8]] = [:]
        for seconds: Int32 in [1, 30, 59, 60, 61, 90, 119, 1_830, 3_599, 10_800, 10_801] {
            for time: Int64 in [1_583_820_000, 1_583_820_029] {
                let name = "\(seconds)at\(time % 60)"
                files["Odd/Forward\(name)"] = TZifText.oneShift(seconds: seconds, at: time)
                files["Odd/Back\(name)"] = TZifText.oneShift(seconds: -seconds, at: time)
            }
        }
        return files
    }()
}
