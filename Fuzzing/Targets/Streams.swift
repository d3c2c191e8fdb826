// Any bytes as a question or an answer on a stream of gossip.

internal import Gossip
internal import Vocabulary

@_cdecl("LLVMFuzzerTestOneInput")
package func fuzzStream(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe input(start, count)
    if let request = try? StreamCodec.decodeRequest(bytes) {
        let again = try? StreamCodec.decodeRequest(StreamCodec.encode(request))
        check(again == request, "a question is read otherwise the second time")
    }
    if let reply = try? StreamCodec.decodeReply(bytes) {
        // A refusal is cut to what a log may show.
        if case .refused = reply { return 0 }
        let again = try? StreamCodec.decodeReply(StreamCodec.encode(reply))
        check(again == reply, "an answer is read otherwise the second time")
    }
    return 0
}
