// What etcd says of itself: how large it is, and what alarms it has raised; and its compaction.

internal import Vocabulary

/// The state of one member.
struct GatewayStatus: Equatable, Sendable {
    var version = ""
    /// Bytes of the file; the quota is on this.
    var size: Int64 = 0
    /// Bytes in use; the rest of the file is free for what comes.
    var sizeInUse: Int64 = 0
    /// The quota, from 3.6 on; 0: not told.
    var quota: Int64 = 0
}

extension EtcdGateway {
    func status() async throws(GatewayError) -> GatewayStatus {
        try await call("/v3/maintenance/status", Array("{}".utf8), .none) {
            scanner throws(GatewayFault) in
            var (header, status) = (AnswerHeader(), GatewayStatus())
            try scanner.object { scanner, name throws(GatewayFault) in
                switch name {
                case "header": header = try scanner.header()
                case "version": status.version = try scanner.text()
                case "dbSize": status.size = try scanner.integer()
                case "dbSizeInUse": status.sizeInUse = try scanner.integer()
                case "dbSizeQuota": status.quota = try scanner.integer()
                case _: break
                }
            }
            // This member's own state may be behind the cluster's, which is no loss of history.
            header.revision = nil
            return (header, status)
        }
    }

    /// Has etcd forget the states of keys before `revision`.
    func compact(at revision: Int64) async throws(GatewayError) {
        var writer = GatewayWriter()
        writer.write("{\"revision\":")
        writer.write(revision)
        writer.write("}")
        do throws(GatewayError) {
            try await call("/v3/kv/compaction", writer.bytes, .none) {
                scanner throws(GatewayFault) in
                var header = AnswerHeader()
                try scanner.object { scanner, name throws(GatewayFault) in
                    if name == "header" { header = try scanner.header() }
                }
                header.revision = nil
                return (header, ())
            }
        } catch {
            // Somebody else has compacted further.
            guard error != .compacted else { return }
            throw error
        }
    }
}
