// What the templates of a task are filled with.

internal import LockLease
internal import Vocabulary

extension TaskVariables {
    /// A value for each of ``TaskTemplate/names``, and for each of `secrets`, which are values by
    /// name as the node has read them.
    static func values(
        for order: RunOrder,
        secrets: [String: String]
    ) -> [String: String] {
        let key = order.grant.key
        let own = [
            "job": order.name.name,
            "tenant": order.name.tenant,
            "run": order.grant.run.text,
            "instant": key.instant.description,
            "attempt": "\(key.attempt)",
            "fence": "\(order.grant.fence.rawValue)",
            "shard": key.shard.description,
            "node": order.node.text,
        ]
        return own.merging(TaskTemplate.secretValues(secrets)) { mine, _ in mine }
    }
}
