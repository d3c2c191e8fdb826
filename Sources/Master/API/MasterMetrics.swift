// A master in numbers, for Prometheus.

internal import Gossip
internal import JobList
internal import Vocabulary

/// The master's metrics in the text format 0.0.4.
enum MasterMetrics {
    static func text(of master: MasterParts) async -> String {
        var page = MetricsPage()
        page.gauge(
            "rota_build_info",
            "The running release.",
            1,
            labels: ["version": rotaVersion, "role": "master"]
        )
        let position = await master.replica.position()
        page.gauge(
            "rota_replica_revision",
            "The list's revision here.",
            Double(position.revision.sequence)
        )
        var states: [String: Int] = [:]
        for member in master.gossip.members { states["\(member.state)", default: 0] += 1 }
        for (state, count) in states.sorted(by: { $0.key < $1.key }) {
            page.gauge("rota_members", "Members by state.", Double(count), labels: ["state": state])
        }
        for (method, status, count) in master.requests.all() {
            page.counter(
                "rota_http_requests_total",
                "Answers by method and status.",
                Double(count),
                labels: ["method": method, "code": "\(status)"]
            )
        }
        return page.text
    }
}
