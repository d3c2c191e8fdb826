// What a member stands on, node or master: the store, its copy of the list, its keys, its gossip.

package import Gossip
package import LockLease
package import Platform
package import Vocabulary

/// The parts that every member opens alike; nothing runs yet.
package struct MemberGround: Sendable {
    /// What a member is told of them.
    package struct Plan: Sendable {
        package var name: NodeName
        package var role: MemberRole
        /// Everything it keeps is in here.
        package var folder: String
        package var storeURL: String
        /// From the operator's file; the folder may have a later one.
        package var keyRing: KeyRing
        /// Where gossip is spoken, `host:port`.
        package var gossip: String
        package var join: [String]
        /// Where others find its gossip, if not where it is spoken.
        package var advertise: String?
        /// Where it serves HTTP, for the others to know.
        package var httpAddress: String
        package var tags: [String: String]

        package init(
            name: NodeName,
            role: MemberRole,
            folder: String,
            storeURL: String,
            keyRing: KeyRing,
            gossip: String,
            join: [String],
            advertise: String?,
            httpAddress: String,
            tags: [String: String] = [:]
        ) {
            self.name = name
            self.role = role
            self.folder = folder
            self.storeURL = storeURL
            self.keyRing = keyRing
            self.gossip = gossip
            self.join = join
            self.advertise = advertise
            self.httpAddress = httpAddress
            self.tags = tags
        }
    }

    package let store: any LeaseStore
    package let replica: Replica
    package let feed: ChangeFeed
    package let tailer: StoreTailer
    package let gossip: GossipDriver
    package let keys: KeyKeeper

    /// Opens folder, store, list, keys and gossip's sockets, in that order.
    ///
    /// `onChange`: Called on gossip's thread, in order; it must not block.
    ///
    /// - Throws: The first thing that could not be opened, as a sentence.
    package static func open(
        _ plan: Plan,
        log: DaemonLog,
        onChange: @escaping @Sendable (GossipNews) -> Void
    ) async throws -> MemberGround {
        let folder = plan.folder
        try FileStore.makeFolder(folder)
        let store = try await SharedStore.open(plan.storeURL, folder: folder, log: log)
        let replica = try Replica(ReplicaSettings(path: "\(folder)/list.db"))
        let feed = ChangeFeed(replica)
        let tailer = StoreTailer(store: store, list: replica, log: log)
        let keys = GossipKeys(try KeyFiles.ring(given: plan.keyRing, folder: folder))
        let gossip = try GossipDriver(
            settings: settings(plan, keys),
            list: replica,
            store: tailer,
            log: log,
            onChange: onChange
        )
        return MemberGround(
            store: store,
            replica: replica,
            feed: feed,
            tailer: tailer,
            gossip: gossip,
            keys: KeyKeeper(
                place: KeyKeeper.Place(
                    name: plan.name,
                    folder: folder,
                    identity: try KeyFiles.identity(in: folder)
                ),
                store: store,
                replica: replica,
                feed: feed,
                keys: keys,
                gossip: gossip,
                log: log
            )
        )
    }

    private static func settings(_ plan: Plan, _ keys: GossipKeys) -> GossipSettings {
        var gossip = GossipSettings(
            name: plan.name,
            role: plan.role,
            keys: keys,
            folder: plan.folder
        )
        gossip.bindAddress = plan.gossip
        gossip.httpAddress = plan.httpAddress
        gossip.seeds = plan.join
        gossip.advertise = plan.advertise
        gossip.tags = plan.tags
        gossip.zoneData = ZoneInfoFiles.version
        gossip.release = rotaVersion
        return gossip
    }
}
