// Where a member keeps what its gossip remembers.

package import Gossip
package import Vocabulary

extension GossipSettings {
    /// Settings whose files lie in the member's own folder.
    package init(name: NodeName, role: MemberRole, keys: GossipKeys, folder: String) {
        self.init(
            name: name,
            role: role,
            clusterID: keys.ring.clusterID,
            bootEpochFile: "\(folder)/boot-epoch",
            membersFile: "\(folder)/members"
        )
        self.keys = keys
    }
}
