// The one place that turns documents into jobs and back.

package import CronEval
internal import Documents
package import Vocabulary

/// Reads and writes jobs as documents: what people write, and what the list stores.
package enum JobDocument {
    /// Reads and checks a spec that somebody wrote.
    ///
    /// Unknown fields are faults; so is a schedule that cannot be read or is never due. A
    /// `CRON_TZ=` prefix of the schedule becomes `timeZone`. `value` is the mapping under `spec`;
    /// `pointer` says where it stands in the document.
    ///
    /// - Throws: All faults at once.
    package static func decodeSpec(
        _ value: Value,
        zones: ZoneCatalog,
        at pointer: String = "#/spec"
    ) throws(DocumentFaults) -> JobSpec {
        let faults = FaultList()
        let spec = SpecReader.read(value, at: pointer, zones: zones, faults: faults)
        try faults.throwIfAny()
        return try checked(spec)
    }

    /// Reads the rules of a schedule, such as `jitter` and `dst`, from a mapping.
    ///
    /// Of the mapping's other members nothing is said; `pointer` says where it stands.
    ///
    /// - Throws: All faults at once.
    package static func decodeRules(
        _ value: Value,
        at pointer: String = "#"
    ) throws(DocumentFaults) -> ScheduleRules {
        let faults = FaultList()
        let others = (value.object ?? [:]).keys.filter { !ScheduleRulesForm.fields.contains($0) }
        let members = MemberReader(
            value,
            at: pointer,
            known: ScheduleRulesForm.fields,
            tolerated: Array(others),
            faults: faults
        )
        let rules = members.map(ScheduleRulesForm.read)
        try faults.throwIfAny()
        return try checked(rules)
    }

    /// The spec as one would write it: nothing that is the default anyway.
    ///
    /// ``decodeSpec(_:zones:at:)`` reads it back to the same spec.
    package static func encodeSpec(_ spec: JobSpec) -> Value {
        SpecWriter.value(of: spec)
    }

    /// The canonical bytes of a job, as ``ObjectRecord/body`` holds them: equal jobs, equal bytes.
    package static func encodeBody(_ job: Job) -> [UInt8] {
        var members = ["spec": encodeSpec(job.spec)]
        if let pause = job.pause { members["pause"] = SpecWriter.value(of: pause) }
        if !job.eras.isEmpty { members["eras"] = .array(job.eras.map(SpecWriter.value(of:))) }
        return JSON.bytes(.object(members))
    }

    /// Reads what ``encodeBody(_:)`` wrote.
    ///
    /// A field that this release does not know is a fault as well: a node runs a job only if it
    /// understands all of it. The schedule was checked when it was committed and is not read here.
    ///
    /// - Throws: All faults at once; bytes that are no JSON are one fault at `#`.
    package static func decodeBody(_ bytes: [UInt8]) throws(DocumentFaults) -> Job {
        let value: Value
        do throws(DocumentError) {
            value = try JSON.parse(bytes, limit: Limits.storedBodyBytes)
        } catch {
            throw DocumentFaults([DocumentFault(pointer: "#", detail: error.description)])
        }
        let faults = FaultList()
        let known = ["spec", "pause", "eras"]
        let members = MemberReader(value, at: "#", known: known, faults: faults)
        let job = members.flatMap { SpecReader.job($0) }
        try faults.throwIfAny()
        return try checked(job)
    }

    /// A reader that found nothing wrong has read something.
    private static func checked<Result>(_ result: Result?) throws(DocumentFaults) -> Result {
        guard let result else {
            throw DocumentFaults([DocumentFault(pointer: "#", detail: "this is no job")])
        }
        return result
    }
}
