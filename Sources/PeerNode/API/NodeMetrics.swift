// A node in numbers, for Prometheus.

internal import JobList
internal import Platform
internal import Scheduler
internal import Vocabulary

/// The node's metrics in the text format 0.0.4.
enum NodeMetrics {
    static func text(of node: NodeParts) async -> String {
        let status = await node.dispatcher.status
        let position = await node.replica.position()
        var page = MetricsPage()
        page.gauge(
            "rota_build_info",
            "The running release.",
            1,
            labels: ["version": rotaVersion, "role": "node"]
        )
        page.gauge("rota_slots", "Runs this node takes at once.", Double(status.slots))
        page.gauge("rota_runs_active", "Runs under way here.", Double(status.openRuns))
        page.gauge("rota_jobs", "Jobs in this node's list.", Double(status.jobs))
        page.gauge("rota_draining", "1 while no new runs are taken.", status.isDraining ? 1 : 0)
        page.gauge(
            "rota_replica_revision",
            "The list's revision here.",
            Double(position.revision.sequence)
        )
        await addRace(node, to: &page)
        page.gauge(
            "rota_completions_waiting",
            "Finished runs the store has not recorded yet.",
            Double(await node.completions.count)
        )
        for (state, count) in node.memberCounts() {
            page.gauge("rota_members", "Members by state.", Double(count), labels: ["state": state])
        }
        for (outcome, count) in node.counters.outcomes() {
            page.counter(
                "rota_runs_total",
                "Runs that ended here, by outcome.",
                Double(count),
                labels: ["outcome": outcome]
            )
        }
        return page.text
    }
    private static func addRace(_ node: NodeParts, to page: inout MetricsPage) async {
        let scheduling = await node.dispatcher.scheduling
        let counts = await node.dispatcher.claimCounts
        let doubts = node.standing.doubts
        page.counter("rota_claims_total", "Claims sent to the store.", Double(counts.sent))
        page.counter(
            "rota_claim_items_total",
            "Jobs and triggers in these claims.",
            Double(counts.items)
        )
        page.counter("rota_claims_lost_total", "Of these, taken by others.", Double(counts.taken))
        page.gauge("rota_due", "Jobs and triggers to be claimed.", Double(scheduling.due))
        page.gauge(
            "rota_catching_up",
            "Jobs with missed runs that wait behind on-time work.",
            Double(scheduling.catchingUp)
        )
        page.gauge(
            "rota_stagger_seconds",
            "How much later each next node tries.",
            scheduling.stagger.inSeconds
        )
        page.gauge("rota_clock_off", "1 while its clock keeps it out.", doubts.isClockOff ? 1 : 0)
        page.gauge("rota_stale", "1 while its old list keeps it out.", doubts.isStale ? 1 : 0)
    }
}
