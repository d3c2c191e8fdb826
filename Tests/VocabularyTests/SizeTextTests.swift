import Testing
import Vocabulary

@Suite struct SizeTextTests {
    @Test func `both ways of writing the same size are read`() {
        for (text, size) in [
            ("1KB", 1_024), ("1KiB", 1_024), ("512MiB", 512 << 20), ("512MB", 512 << 20),
            ("2GiB", 2 << 30), ("100B", 100), ("0B", 0),
        ] {
            #expect(SizeText.parse(text) == size, "\(text)")
        }
        for text in ["1iB", "iB", "B", "1", "1 MiB", "-1MiB", "1.5GiB", "9999999999GiB", "1Mi"] {
            #expect(SizeText.parse(text) == nil, "\(text)")
        }
    }
}
