// Where everything is: the keys of the etcd store.

internal import Vocabulary

/// The keys under one prefix; see `docs/decisions/0030-etcd-layout.md` for what is kept where.
///
/// Numbers are 16 hexadecimal digits, so that keys sort as numbers do and people can read them.
struct StoreKeys: Sendable {
    private let prefix: [UInt8]

    init(prefix: String) {
        self.prefix = Array(prefix.utf8) + [UInt8(ascii: "/")]
    }

    /// All keys of the store.
    var everything: EtcdKey { EtcdKey(prefix) }

    // MARK: The store itself

    /// What moves with edits, triggers and kills; watched for that.
    var meta: EtcdKey { key("m/") }
    var identity: EtcdKey { key("m/store") }
    var head: EtcdKey { key("m/head") }
    var counters: EtcdKey { key("m/counters") }
    var sessionCount: EtcdKey { key("m/sessions") }
    /// There while a history is being accepted.
    var accepting: EtcdKey { key("m/accepting") }
    /// Never there.
    ///
    /// Deleting it writes nothing and yet goes through consensus, so a transaction with that in it
    /// reads what is true, also where etcd's own reads are not to be trusted: 3.4.23 can answer old
    /// states after a pause of its process and around a change of leader (etcd PR 21385, 21423).
    var nothing: EtcdKey { key("m/nothing") }

    // MARK: The list

    var objects: EtcdKey { key("o/") }
    var batches: EtcdKey { key("b/") }

    func object(_ name: ObjectKey) -> EtcdKey {
        key("o/", name.tenant, "\u{0}", name.kind.rawValue, "\u{0}", name.name)
    }

    /// Behind `name` and all that is before it.
    func objectAfter(_ name: ObjectKey) -> EtcdKey { EtcdKey(object(name).bytes + [0]) }
    func batch(_ sequence: UInt64) -> EtcdKey { key("b/", hex(sequence)) }

    // MARK: Jobs

    /// Two keys per job: its cursor and its gate.
    var jobs: EtcdKey { key("j/") }
    func job(_ uid: UID) -> EtcdKey { key("j/", uid.text, "/") }
    func cursor(_ uid: UID) -> EtcdKey { key("j/", uid.text, "/c") }
    func gate(_ uid: UID) -> EtcdKey { key("j/", uid.text, "/g") }

    var waiting: EtcdKey { key("w/") }
    func waiting(of uid: UID) -> EtcdKey { key("w/", uid.text, "/") }
    func waiting(_ trigger: TriggerID, of uid: UID) -> EtcdKey {
        key("w/", uid.text, "/", hex(trigger.rawValue))
    }

    /// Waiting triggers in order of when they are due.
    var due: EtcdKey { key("t/") }
    func due(after instant: Instant) -> EtcdKey {
        key("t/", hex(instant.unixMilliseconds + 1))
    }
    func due(_ trigger: TriggerID, at instant: Instant) -> EtcdKey {
        key("t/", hex(instant.unixMilliseconds), "/", hex(trigger.rawValue))
    }

    var skips: EtcdKey { key("k/") }
    func skips(of uid: UID) -> EtcdKey { key("k/", uid.text, "/") }
    func skip(of uid: UID, through instant: Instant) -> EtcdKey {
        key("k/", uid.text, "/", hex(instant.unixMilliseconds))
    }

    // MARK: Runs

    /// All records, newest first: etcd pages upwards only, so the ids are complemented.
    var runs: EtcdKey { key("r/") }
    func run(_ id: RunID) -> EtcdKey { EtcdKey(key("r/").bytes + complement(id)) }

    /// Closed runs by job, newest first.
    var closed: EtcdKey { key("h/") }
    func closed(of uid: UID) -> EtcdKey { key("h/", uid.text, "/") }
    func closed(_ id: RunID, of uid: UID) -> EtcdKey {
        EtcdKey(closed(of: uid).bytes + complement(id))
    }

    /// Open runs by session, oldest first.
    var open: EtcdKey { key("x/") }
    func open(by session: SessionID) -> EtcdKey { key("x/", hex(session.rawValue), "/") }
    func open(_ id: RunID, by session: SessionID) -> EtcdKey {
        key("x/", hex(session.rawValue), "/", id.text)
    }

    /// Orders for open runs, by session.
    func kills(for session: SessionID) -> EtcdKey { key("y/", hex(session.rawValue), "/") }
    func kill(_ id: RunID, for session: SessionID) -> EtcdKey {
        key("y/", hex(session.rawValue), "/", id.text)
    }

    // MARK: Sessions and requests

    var living: EtcdKey { key("s/") }
    func living(_ session: SessionID) -> EtcdKey { key("s/", hex(session.rawValue)) }
    var dead: EtcdKey { key("d/") }
    func dead(_ session: SessionID) -> EtcdKey { key("d/", hex(session.rawValue)) }
    func node(_ name: NodeName) -> EtcdKey { key("n/", name.text) }

    var requests: EtcdKey { key("q/") }
    func requests(in bucket: Int64) -> EtcdKey { key("q/", hex(bucket), "/") }
    func request(_ id: RequestID, in bucket: Int64) -> EtcdKey {
        key("q/", hex(bucket), "/", id.text)
    }

    // MARK: Reading keys

    /// The text behind the last slash, of a key of which that is text.
    func lastPart(_ key: EtcdKey) -> String {
        let start = key.bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
        return String(decoding: key.bytes[start...], as: UTF8.self)
    }

    /// The number that is a key's last part.
    func lastNumber(_ key: EtcdKey) throws(UnreadableValue) -> Int64 {
        guard let number = UInt64(lastPart(key), radix: 16) else { throw UnreadableValue() }
        return Int64(bitPattern: number ^ Self.sign)
    }

    /// The job's uid and what follows it in a key such as `j/<uid>/c`.
    func jobAndRest(
        _ key: EtcdKey,
        under start: EtcdKey
    ) throws(UnreadableValue) -> (UID, ArraySlice<UInt8>) {
        let rest = key.bytes.dropFirst(start.bytes.count)
        guard let slash = rest.firstIndex(of: UInt8(ascii: "/")) else { throw UnreadableValue() }
        return (UID(String(decoding: rest[..<slash], as: UTF8.self)), rest[(slash + 1)...])
    }

    /// The id that ``run(_:)`` and ``closed(_:of:)`` have complemented.
    func runID(_ complemented: ArraySlice<UInt8>) throws(UnreadableValue) -> RunID {
        guard complemented.last == 0xFF else { throw UnreadableValue() }
        return RunID(String(decoding: complemented.dropLast().map { ~$0 }, as: UTF8.self))
    }

    func runID(of key: EtcdKey) throws(UnreadableValue) -> RunID {
        try runID(key.bytes.dropFirst(runs.bytes.count))
    }

    // MARK: Writing keys

    private static let sign: UInt64 = 1 << 63

    private func key(_ parts: String...) -> EtcdKey {
        var bytes = prefix
        for part in parts { bytes += part.utf8 }
        return EtcdKey(bytes)
    }

    /// Negative numbers before positive ones.
    private func hex(_ number: Int64) -> String {
        hex(UInt64(bitPattern: number) ^ Self.sign)
    }

    private func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Sorts as the ids do, the other way round; the end keeps an id behind those it begins.
    private func complement(_ id: RunID) -> [UInt8] {
        id.text.utf8.map { ~$0 } + [0xFF]
    }
}
