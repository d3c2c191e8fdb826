// Manifests: many objects in one file, as `rota apply` takes them and `rota get` gives them.

package import CronEval
package import Vocabulary

/// One object of a manifest.
package struct ManifestEntry: Equatable, Sendable {
    package var name: String
    /// `nil`: the tenant of whoever applies it.
    package var tenant: String?
    package var spec: JobSpec

    package init(name: String, tenant: String? = nil, spec: JobSpec) {
        self.name = name
        self.tenant = tenant
        self.spec = spec
    }
}

/// Reads and writes manifests: documents of `{kind: job, name: …, spec: {…}}`, or lists of them.
package enum ManifestDocument {
    /// What only the cluster writes: known, so that the advice is better than "no such field".
    private static let clusterFields = [
        "uid", "version", "rev", "created", "updated", "updated_by", "status", "pause", "deleted",
    ]

    /// Reads every object of a manifest.
    ///
    /// `documents` are what the file's documents say; a list in place of a document counts as its
    /// elements. Faults point into the flattened list: `#/3/spec/timeout` is the fourth's.
    ///
    /// - Throws: All faults of all objects; nothing is returned if there is one.
    package static func decode(
        _ documents: [Value],
        zones: ZoneCatalog
    ) throws(DocumentFaults) -> [ManifestEntry] {
        var entries: [ManifestEntry] = []
        var faults: [DocumentFault] = []
        for result in decodeEach(documents, zones: zones) {
            switch result {
            case .success(let entry): entries.append(entry)
            case .failure(let wrong): faults += wrong.faults
            }
        }
        guard faults.isEmpty else { throw DocumentFaults(faults) }
        return entries
    }

    /// Reads every object of a manifest by itself; one answer each, in order.
    ///
    /// An empty manifest and one with too many objects answer one failure.
    package static func decodeEach(
        _ documents: [Value],
        zones: ZoneCatalog
    ) -> [Result<ManifestEntry, DocumentFaults>] {
        let values = documents.flatMap { $0 == .null ? [] : $0.array ?? [$0] }
        guard (1...Limits.manifestEntries).contains(values.count) else {
            let detail =
                values.isEmpty
                ? "there is nothing in this manifest; write {kind: job, name: …, spec: {…}}"
                : """
                this manifest has \(values.count) objects; at most \(Limits.manifestEntries) are \
                taken at once. Split it
                """
            return [.failure(DocumentFaults([DocumentFault(pointer: "#", detail: detail)]))]
        }
        var places: [String: Int] = [:]
        return values.enumerated().map { index, value in
            let faults = FaultList()
            let entry = read(value, at: "#/\(index)", zones: zones, faults: faults)
            if let entry {
                let id = "\(entry.tenant ?? "")/\(entry.name)"
                if let earlier = places.updateValue(index, forKey: id) {
                    faults.add(
                        "#/\(index)/name",
                        "\(entry.name) stands at #/\(earlier) already; remove one of the two"
                    )
                }
            }
            guard let entry, faults.faults.isEmpty else {
                return .failure(DocumentFaults(faults.faults))
            }
            return .success(entry)
        }
    }

    /// A manifest of `entries`, in their order: ``decode(_:zones:)`` reads it back to the same.
    package static func encodeManifest(_ entries: [ManifestEntry]) -> Value {
        .array(entries.map(encode(_:)))
    }

    /// One entry as one would write it.
    package static func encode(_ entry: ManifestEntry) -> Value {
        var members: [String: Value] = [
            "kind": "job", "name": .string(entry.name), "spec": JobDocument.encodeSpec(entry.spec),
        ]
        members["tenant"] = entry.tenant.map { .string($0) }
        return .object(members)
    }

    private static func read(
        _ value: Value,
        at pointer: String,
        zones: ZoneCatalog,
        faults: FaultList
    ) -> ManifestEntry? {
        guard
            let members = MemberReader(
                value,
                at: pointer,
                known: ["kind", "name", "tenant", "spec"],
                tolerated: clusterFields,
                faults: faults
            )
        else { return nil }
        for name in clusterFields where members[name] != nil {
            members.fault(name, "only the cluster writes this; remove it")
        }
        if members["kind"] != "job" {
            members.fault("kind", "this is \(members["kind"]?.inMessage ?? "missing"); write job")
        }
        let name = readName("name", members)
        let tenant = members["tenant"] == nil ? nil : readName("tenant", members)
        guard let spec = members["spec"] else {
            members.fault("spec", "this is missing; write what the job does")
            return nil
        }
        let read = SpecReader.read(
            spec,
            at: members.place("spec"),
            zones: zones,
            faults: faults
        )
        guard let name, let read else { return nil }
        return ManifestEntry(name: name, tenant: tenant, spec: read)
    }

    private static func readName(_ field: String, _ members: MemberReader) -> String? {
        guard let value = members[field] else {
            members.fault(field, "this is missing; write a name")
            return nil
        }
        guard let name = value.string, ObjectKey.isValid(name: name) else {
            members.wrong(
                field,
                value,
                write: "up to 127 of a-z, 0-9, . _ / and -, a letter or digit first"
            )
            return nil
        }
        return name
    }
}
