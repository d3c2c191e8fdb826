// Gossip's shell: sockets, threads and files around the machine that decides.

package import Gossip
package import Platform
internal import Sealing
internal import Synchronization
package import Vocabulary

/// One peer's gossip, on a thread of its own.
///
/// Stop it with ``leave()`` or ``stop()``; until then it keeps itself alive.
package actor GossipDriver {
    /// Work that waits for others and must not hold up the loop.
    enum Errand: Sendable {
        case passOn(Position)
        case exchange(UInt64, StreamRequest, with: PeerAddress)
        case install(UInt64, from: PeerAddress, above: Revision)
        case serve(Socket)
        /// Ask the store for what no member could give.
        case catchUp
        /// Look after the copy of the list.
        case tend
        case keepMembers([String])
        case keepBootEpoch(UInt64)
    }

    /// What other threads read.
    final class Shelf: Sendable {
        private let members = Mutex<[Member]>([])
        private let counters = Mutex(GossipCounters())
        private let keysSeen = Mutex<[NodeName: KeyID]>([:])
        private let expected = Mutex(Revision.zero)
        private let asking = Mutex(0)
        private let serving = Mutex(0)

        var currentMembers: [Member] { members.withLock(\.self) }
        var currentCounters: GossipCounters { counters.withLock(\.self) }

        func show(_ current: [Member]) {
            members.withLock { $0 = current }
        }

        func count(_ change: (inout GossipCounters) -> Void) {
            counters.withLock { change(&$0) }
        }

        /// The key each member's last packet was sealed with.
        var currentKeys: [NodeName: KeyID] { keysSeen.withLock(\.self) }

        func note(_ frames: [Frame], under key: KeyID) {
            guard let name = frames.lazy.compactMap(\.speaker).first else { return }
            keysSeen.withLock { seen in
                if seen[name] != key, seen.count < RosterSheet.limit { seen[name] = key }
            }
        }

        /// Gossip itself will move the list to `revision`.
        func expect(_ revision: Revision) {
            expected.withLock { $0 = max($0, revision) }
        }

        func isNews(_ revision: Revision) -> Bool { expected.withLock { revision > $0 } }

        /// Takes one of the places for streams that we open, if one is free.
        func beginAsking() -> Bool { begin(asking) }
        func endAsking() { asking.withLock { $0 -= 1 } }

        /// Takes one of the places for guests; they cannot take those we need ourselves.
        func beginServing() -> Bool { begin(serving) }
        func endServing() { serving.withLock { $0 -= 1 } }

        private func begin(_ streams: borrowing Mutex<Int>) -> Bool {
            let isFree = streams.withLock { streams in
                guard streams < GossipDriver.streamLimit else { return false }
                streams += 1
                return true
            }
            if !isFree { count { $0.streamsDropped += 1 } }
            return isFree
        }
    }

    static let streamLimit = 64
    static let callsPerTurn = 4
    static let passedOnCount = 16
    static let savePeriod = Duration.seconds(5)
    static let showPeriod = Duration.milliseconds(500)

    let settings: GossipSettings
    let list: any ReplicatedList
    let store: StoreTailer?
    var upkeep = UpkeepCalendar()
    let log: DaemonLog
    let keys: GossipKeys
    let desk: StreamDesk
    let deskLoop: EventLoop
    let shelf: Shelf
    let names: NameBook
    let errands: AsyncStream<Errand>.Continuation
    /// What is to be applied: a hop to the list and one back, and no other thread between.
    private let chains: AsyncStream<[ChangeBatch]>.Continuation
    private let chainStream: AsyncStream<[ChangeBatch]>
    private let errandStream: AsyncStream<Errand>
    let loop: EventLoop
    private var datagrams: Socket?
    private var listener: Socket?
    private let onChange: @Sendable (GossipNews) -> Void
    private let port: UInt16
    private(set) var machine: GossipMachine
    private var seal: PacketSeal
    private let buffer = DatagramBuffer(longest: PacketSeal.longest)
    private var outgoing = PacketOutbox()
    /// Not on the shelf yet.
    private var traffic = GossipCounters()
    private var answers: [UInt64: StreamReply] = [:]
    private var requestCount: UInt64 = 0
    private var running: Task<Void, Never>?
    private var farewells: [CheckedContinuation<Void, Never>] = []
    private var isStopped = false
    private var isSavePlanned = false
    private var shownAt: MonotonicInstant?
    private var complaints = ComplaintBook()
    /// Where members are, in numbers: to everybody else we say no more than they said.
    private var familiar: Set<SocketAddress> = []
    /// While a packet is being handled: from where, and of how many bytes.
    private var speaker: (address: SocketAddress, bytes: Int)?

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }

    /// Binds the sockets and takes the next boot epoch; nothing is sent before ``start()``.
    ///
    /// - Parameters:
    ///   - settings: Checked here, as a whole.
    ///   - list: The copy of the list that gossip follows and serves.
    ///   - store: Asked when no member can give what is missing, and about whose rows are right.
    ///   - log: Where what an operator should see goes.
    ///   - onChange: Called on gossip's thread, in order; it must not block.
    /// - Throws: Everything wrong with `settings` at once, or what the system refused.
    package init(
        settings: GossipSettings,
        list: any ReplicatedList,
        store: StoreTailer? = nil,
        log: DaemonLog,
        onChange: @escaping @Sendable (GossipNews) -> Void
    ) throws(GossipError) {
        let faults = settings.faults
        guard faults.isEmpty, let bind = SocketAddress(settings.bindAddress) else {
            throw .settings(faults)
        }
        let (datagrams, listener, bound) = try GossipSockets.open(at: bind)
        let epoch: UInt64
        do throws(SystemError) {
            epoch = try GossipFiles.nextBootEpoch(settings.bootEpochFile)
        } catch {
            throw .system("\(error)")
        }
        let advertised = settings.advertise.flatMap { SocketAddress($0) } ?? bound
        let address = advertised.port == 0 ? advertised.at(port: bound.port) : advertised
        let me = Member(
            name: settings.name,
            role: settings.role,
            address: PeerAddress(address.description),
            httpAddress: settings.httpAddress,
            tags: settings.tags,
            standing: Standing(bootEpoch: epoch, incarnation: 0, state: .alive),
            release: settings.release,
            zoneData: settings.zoneData
        )
        let contacts = settings.seeds + GossipFiles.members(settings.membersFile)
        let keys =
            settings.keys ?? GossipKeys(key: settings.key, clusterID: settings.clusterID)
        self.keys = keys
        self.settings = settings
        self.list = list
        self.store = store
        self.log = log
        self.onChange = onChange
        self.datagrams = datagrams
        self.listener = listener
        port = bound.port
        loop = EventLoop(name: "gossip")
        deskLoop = EventLoop(name: "gossip-streams")
        desk = StreamDesk(loop: deskLoop, keys: keys, list: list, name: settings.name)
        shelf = Shelf()
        names = NameBook(own: address)
        seal = PacketSeal(keys: keys)
        (errandStream, errands) = AsyncStream.makeStream()
        (chainStream, chains) = AsyncStream.makeStream()
        machine = GossipMachine(
            me: me,
            contacts: contacts.map { PeerAddress($0) },
            position: .start,
            tuning: settings.tuning,
            seed: SecureRandom.seed()
        )
        shelf.show(machine.members)
    }

    deinit {
        // Not before: a call after leaving would wait for ever on a thread that has ended.
        deskLoop.stop()
        loop.stop()
    }

    /// Everybody known, this peer included, by name; from any thread.
    ///
    /// Heads may be a probe interval old.
    package nonisolated var members: [Member] { shelf.currentMembers }
    /// The key that each member's last packet here was sealed with; from any thread.
    package nonisolated var keysSeen: [NodeName: KeyID] { shelf.currentKeys }
    /// What the sockets have seen; from any thread.
    package nonisolated var counters: GossipCounters { shelf.currentCounters }
    /// The port for both datagrams and streams.
    package nonisolated var boundPort: Int { Int(port) }

    // What the shell above asks for.

    /// Begins to listen and to look for others.
    package func start() {
        guard running == nil, !isStopped else { return }
        running = Task { await self.run() }
    }

    private func listen() {
        guard let datagrams, let listener else { return }
        loop.watch(datagrams.descriptor) { [weak self] in
            self?.assumeIsolated { $0.receivePackets() }
        }
        let (shelf, errands) = (shelf, errands)
        deskLoop.watch(listener.descriptor) {
            while let socket = listener.accept() {
                if shelf.beginServing() { errands.yield(.serve(socket)) }
            }
        }
        handle(.start)
    }

    /// Passes on a batch that this peer was the first to get; it is applied to the list already.
    package func publish(_ batch: ChangeBatch) {
        handle(.published(batch))
    }

    /// The list moved without gossip, as by the tailer of the store's log.
    package func listAdvanced(to position: Position) {
        handle(.advanced(position))
    }

    /// The list moved, whoever moved it; from any thread, and cheap if it was gossip itself.
    ///
    /// What is new in it is passed on like a published batch.
    package nonisolated func listMoved(to position: Position) {
        guard shelf.isNews(position.revision) else { return }
        errands.yield(.passOn(position))
    }

    /// Tells one member, or everybody who is present.
    package func send(_ signal: Signal, to name: NodeName?) {
        handle(.tell(signal, to: name))
    }

    /// Tells the others what keeps this peer out of the race for runs; costs nothing if unchanged.
    package func setFlags(isDraining: Bool, isStale: Bool, isClockOff: Bool = false) {
        handle(.flags(isDraining: isDraining, isStale: isStale, isClockOff: isClockOff))
    }

    /// Tells the others how busy this peer is, with its next signs of life.
    package func setLoad(_ load: MemberLoad) {
        handle(.load(load))
    }

    /// Tells the others of which release this peer's time zone data is from now on.
    package func setZoneData(_ release: String) {
        handle(.zoneData(release))
    }

    /// How far the others' wall clocks are ahead of ours, as a whole; `nil` before it is known.
    package var clockOffset: Duration? { machine.clockOffset }

    /// Tells of addresses where other members may be, such as those the store knows.
    package func meet(_ addresses: [String]) {
        let others = addresses.filter { SocketAddress.split($0) != nil }
        handle(.meet(others.map { PeerAddress($0) }))
    }

    /// Says goodbye, waits up to a second until three others know, and stops.
    package func leave() async {
        guard running != nil, !isStopped else { return }
        await withCheckedContinuation { continuation in
            farewells.append(continuation)
            handle(.leave)
        }
        await stop()
    }

    /// Stops without a word; the others will find out.
    package func stop() async {
        guard !isStopped else { return }
        isStopped = true
        if let datagrams { loop.unwatch(datagrams.descriptor) }
        if let listener { deskLoop.unwatch(listener.descriptor) }
        datagrams = nil
        listener = nil
        errands.finish()
        chains.finish()
        await desk.closeAll()
        running?.cancel()
        await running?.value
        running = nil
        for farewell in farewells { farewell.resume() }
        farewells = []
    }

    // The machine.

    /// Hands one event to the machine and does what it says, in order.
    ///
    /// No `await` may appear here or below: an event handled in between would reorder actions.
    func handle(_ event: GossipEvent) {
        guard !isStopped else { return }
        let actions = machine.handle(
            event,
            at: SystemClock.monotonic,
            wallClock: SystemClock.wall
        )
        for action in actions { perform(action) }
        sendPackets()
        showMembersIfDue()
    }

    private func perform(_ action: GossipAction) {
        switch action {
        case .send(let frames, let address): send(frames, to: address)
        case .exchange(let number, let request, let address):
            guard shelf.beginAsking() else { return failLater(number) }
            errands.yield(.exchange(number, request, with: address))
        case .answer(let request, let reply): answers[request] = reply
        case .apply(let batches):
            if let last = batches.last { shelf.expect(last.position.revision) }
            chains.yield(batches)
        case .install(let number, let address, let above):
            guard shelf.beginAsking() else { return failLater(number) }
            errands.yield(.install(number, from: address, above: above))
        case .askStore: errands.yield(.catchUp)
        case .deliver(let signal, let name): onChange(.signal(signal, from: name))
        case .advanced(let position): onChange(.applied(position))
        case .membersChanged:
            let members = machine.members
            familiar = Set(members.compactMap { SocketAddress($0.address.text) })
            shelf.show(members)
            onChange(.members(members))
            planSave()
        case .adoptBootEpoch(let epoch): errands.yield(.keepBootEpoch(epoch))
        case .note(let note): write(note)
        case .left:
            for farewell in farewells { farewell.resume() }
            farewells = []
        case .wake(let due):
            loop.call(at: due) { [weak self] in self?.assumeIsolated { $0.handle(.wake) } }
        }
    }

    /// The other host took a stream of ours; from any thread.
    nonisolated func noteConnection(_ number: UInt64) {
        loop.call { [weak self] in self?.assumeIsolated { $0.handle(.connected(number)) } }
    }

    private func failLater(_ number: UInt64) {
        loop.call { [weak self] in self?.assumeIsolated { $0.handle(.exchangeFailed(number)) } }
    }

    private func write(_ note: GossipNote) {
        switch note {
        case .nameTaken(let address):
            log.error(
                "gossip.name-taken",
                [
                    "by": address.text,
                    "mend": "two processes have one --name, perhaps by a copied data folder: give "
                        + "one of them another name and an empty folder",
                ]
            )
        case .stalled(let delay):
            log.warning("gossip.stalled", ["seconds": "\(delay.inSeconds)"])
        case .clockStepped(let step):
            log.warning("gossip.clock-stepped", ["seconds": "\(step.inSeconds)"])
        case .unreachable(let name, let address):
            log.warning("gossip.unreachable", ["member": name.text, "at": address.text])
        case .historiesDiffer(let mine, let theirs):
            log.error(
                "gossip.histories-differ",
                ["mine": mine.description, "theirs": theirs.description]
            )
        // Said by whoever set it aside, with the reason.
        case .quarantined: break
        case .killUnanswered(let run, let name):
            log.warning("gossip.kill-unanswered", ["run": run.text, "by": name.text])
        }
    }

    private func showMembersIfDue() {
        let now = SystemClock.monotonic
        if let shownAt, shownAt.duration(to: now) < Self.showPeriod { return }
        shownAt = now
        shelf.show(machine.members)
        showTraffic()
    }

    private func showTraffic() {
        guard traffic != GossipCounters() else { return }
        let news = traffic
        traffic = GossipCounters()
        shelf.count { $0.add(news) }
    }

    private func planSave() {
        guard !isSavePlanned else { return }
        isSavePlanned = true
        loop.call(at: SystemClock.monotonic.advanced(by: Self.savePeriod)) { [weak self] in
            self?.assumeIsolated { $0.save() }
        }
    }

    private func save() {
        isSavePlanned = false
        let others = machine.members.filter { $0.isPresent && $0.name != settings.name }
        // A peer that is cut off keeps the addresses it may need to find back.
        guard !others.isEmpty else { return }
        errands.yield(.keepMembers(others.map(\.address.text)))
    }

    // Datagrams.

    private func receivePackets() {
        for _ in 0..<Self.callsPerTurn {
            guard let datagrams else { return }
            switch buffer.receive(from: datagrams) {
            case .nothing: return
            case .failed: traffic.socketErrors += 1
            case .datagrams(let count):
                for place in 0..<count {
                    guard let (bytes, address) = buffer.datagram(place) else { continue }
                    receive(bytes, from: address)
                }
            }
        }
    }

    private func receive(_ bytes: [UInt8], from address: SocketAddress) {
        traffic.packetsReceived += 1
        traffic.bytesReceived += bytes.count
        switch seal.open(bytes) {
        case .refused(let refusal): note(refusal, from: address)
        case .packet(let plain, let key):
            do throws(GossipCodecError) {
                let said = PacketManners.believable(try PacketCodec.decode(plain), from: address)
                if let unreachable = said.unreachable {
                    complain(ofUnreachable: unreachable, from: address.description)
                }
                speaker = (address, bytes.count)
                defer { speaker = nil }
                shelf.note(said.frames, under: key)
                handle(.packet(said.frames, from: names.peer(at: address)))
            } catch {
                shelf.count { $0.malformed += 1 }
                log.debug("gossip.malformed", ["from": address.description, "why": "\(error)"])
            }
        }
    }

    /// Whether this complaint is worth a line now.
    func mayComplain(_ kind: String, of address: String) -> Bool {
        complaints.mayComplain(kind, of: address, at: SystemClock.monotonic)
    }

    /// Sends `frames`, to all addresses of `peer` if it is a name.
    private func send(_ frames: [Frame], to peer: PeerAddress) {
        guard !frames.isEmpty else { return }
        for address in names.addresses(of: peer) {
            if familiar.contains(address) {
                outgoing.add(frames, to: address) { seal.seal(PacketCodec.encode($0)) }
            } else if let plain = encode(frames, toStranger: address) {
                outgoing.add(sealed: seal.seal(plain), to: address)
            }
        }
    }

    /// Sends what the last event has left to send.
    private func sendPackets() {
        let left = outgoing.take()
        guard !left.isEmpty, let datagrams else { return }
        for (packet, addresses) in left {
            traffic.packetsSent += addresses.count
            traffic.bytesSent += packet.count * addresses.count
            traffic.socketErrors += datagrams.send(packet, to: addresses)
        }
    }

    /// The bytes of a packet, no more than the stranger sent us, and `nil` if nothing fits.
    private func encode(_ frames: [Frame], toStranger address: SocketAddress) -> [UInt8]? {
        var frames = frames
        var room = PacketSeal.overhead + PacketManners.questionLength
        if let speaker, speaker.address == address {
            room = speaker.bytes
            frames = PacketManners.answer(frames, toStrangerWho: room)
            guard !frames.isEmpty else { return nil }
        }
        let plain = PacketManners.asQuestion(
            PacketCodec.encode(frames),
            of: frames,
            upTo: room - PacketSeal.overhead
        )
        if speaker?.address == address { speaker?.bytes -= PacketSeal.overhead + plain.count }
        return plain
    }

    // Errands.

    /// Listens, and works off errands, side by side, until there are no more.
    private func run() async {
        let position = await list.position()
        guard !isStopped else { return }
        handle(.advanced(position))
        listen()
        planUpkeep()
        await withDiscardingTaskGroup { group in
            group.addTask { await self.applyChains() }
            for await errand in errandStream {
                group.addTask { await self.perform(errand) }
            }
        }
    }

    private func applyChains() async {
        for await batches in chainStream { handle(.applied(await apply(batches))) }
    }

    /// Compares rosters with a peer that asked.
    func compare(_ request: StreamRequest, from address: SocketAddress?) -> StreamReply {
        requestCount += 1
        switch request {
        case .pushPull(let sheet):
            handle(.sheet(believable(sheet, from: address), request: requestCount))
        case .compare(let marks): handle(.marks(marks, request: requestCount))
        case .pull, .snapshot, .audit, .ping: break
        }
        return answers.removeValue(forKey: requestCount) ?? .refused("no rosters to compare")
    }

    /// This peer as it signs.
    var sender: Sender { machine.sender }
}
