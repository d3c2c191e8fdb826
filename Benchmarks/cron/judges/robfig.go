// The judge that asks robfig/cron 3.0.1, the evaluator of Kubernetes CronJobs.
//
// Dialect: its parser with an optional seconds field and descriptors; texts go in as they are.
// `CRON_TZ=` is its own feature. A panic while parsing counts as a rejection. It gives up after
// five years, which is an end here. Its endless loops end after a deadline: a goroutine that never
// returns cannot be stopped, so the process starts itself anew with the questions that are left. An
// answer that does not advance counts as a hang too.
//
// Answers (see ../README.md for the protocol):  robfig
// Measures:                                     robfig bench MODE ZONE
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/robfig/cron"
)

// How much processor time one question may take; a busy machine must not look like an endless loop.
const deadline = 2 * time.Second

// How long everything is run before it is measured.
const warmUp = 2 * time.Second

var parser = cron.NewParser(
	cron.SecondOptional | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow |
		cron.Descriptor)

func parse(text string) (schedule cron.Schedule, err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("panic")
		}
	}()
	return parser.Parse(text)
}

// answer sends fires one by one, then a word, so that what came before a hang is kept.
func answer(question []string, fires chan<- string) {
	zone, err := time.LoadLocation(question[1])
	if err != nil {
		fires <- "rejected"
		return
	}
	schedule, err := parse(question[4])
	if err != nil {
		fires <- "rejected"
		return
	}
	start, _ := strconv.ParseInt(question[2], 10, 64)
	count, _ := strconv.Atoi(question[3])
	at := time.Unix(start, 0).In(zone)
	for ; count > 0; count-- {
		next := schedule.Next(at)
		if next.IsZero() {
			fires <- "end"
			return
		}
		if !next.After(at) {
			fires <- "hang"
			return
		}
		at = next
		fires <- strconv.FormatInt(at.Unix(), 10)
	}
	fires <- ""
}

// restart replaces this process by a fresh one that reads what is left.
func restart(rest []byte) {
	file, err := os.CreateTemp("", "judge")
	check(err)
	check(os.Remove(file.Name()))
	_, err = file.Write(rest)
	check(err)
	_, err = file.Seek(0, io.SeekStart)
	check(err)
	check(syscall.Dup2(int(file.Fd()), 0))
	self, err := os.Executable()
	check(err)
	check(syscall.Exec(self, []string{self, "again"}, os.Environ()))
}

// processorTime is what this process has used of it so far.
func processorTime() time.Duration {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func judge() {
	input, err := io.ReadAll(os.Stdin)
	check(err)
	out := bufio.NewWriter(os.Stdout)
	ticks := time.NewTicker(deadline / 10)
	if len(os.Args) == 1 {
		fmt.Fprintln(out, "judge\trobfig/cron 3.0.1")
	}
	for len(input) > 0 {
		end := bytes.IndexByte(input, '\n')
		question := strings.Split(string(input[:end]), "\t")
		input = input[end+1:]
		fires := make(chan string, 1024)
		go answer(question, fires)
		words := []string{question[0]}
		begun := processorTime()
	collect:
		for {
			select {
			case word := <-fires:
				if word != "" {
					words = append(words, word)
				}
				if word == "" || word[0] > '9' {
					break collect
				}
			case <-ticks.C:
				if processorTime()-begun < deadline {
					continue
				}
				words = append(words, "hang")
				fmt.Fprintln(out, strings.Join(words, "\t"))
				check(out.Flush())
				restart(input)
			}
		}
		fmt.Fprintln(out, strings.Join(words, "\t"))
	}
	check(out.Flush())
}

// pass runs one expression once, as often as there are instants, and mixes the answers.
type pass func() uint64

func mix(sum uint64, at time.Time) uint64 { return (sum ^ uint64(at.Unix())) * 1099511628211 }

func makePass(mode string, text string, instants []time.Time) pass {
	schedule, err := parse(text)
	check(err)
	switch mode {
	case "chain":
		return func() uint64 {
			sum := uint64(0)
			at := instants[0]
			for range instants {
				at = schedule.Next(at)
				sum = mix(sum, at)
			}
			return sum
		}
	case "random":
		return func() uint64 {
			sum := uint64(0)
			for _, at := range instants {
				sum = mix(sum, schedule.Next(at))
			}
			return sum
		}
	case "parse":
		return func() uint64 {
			for range instants {
				schedule, _ = parser.Parse(text)
			}
			return mix(0, schedule.Next(instants[0]))
		}
	}
	panic("unknown mode")
}

func bench(mode string, zoneName string) {
	zone, err := time.LoadLocation(zoneName)
	check(err)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	lines.Scan()
	var instants []time.Time
	for _, word := range strings.Fields(lines.Text()) {
		second, err := strconv.ParseInt(word, 10, 64)
		check(err)
		instants = append(instants, time.Unix(second, 0).In(zone))
	}
	var passes []pass
	for lines.Scan() {
		passes = append(passes, makePass(mode, lines.Text(), instants))
	}
	sums := uint64(0)
	for begun := time.Now(); time.Since(begun) < warmUp; {
		sums = 0
		for _, run := range passes {
			sums = sums*31 + run()
		}
	}
	var figures []float64
	for _, run := range passes {
		best := time.Duration(1 << 62)
		begun := time.Now()
		for count := 0; count < 5 || time.Since(begun) < 20*time.Millisecond; count++ {
			started := time.Now()
			run()
			if taken := time.Since(started); taken < best {
				best = taken
			}
		}
		figures = append(figures, float64(best.Nanoseconds())/float64(len(instants)))
	}
	sort.Float64s(figures)
	fmt.Printf("%.1f\t%.1f\t%016x\n", figures[len(figures)/2], figures[len(figures)-1], sums)
}

func main() {
	if len(os.Args) == 4 && os.Args[1] == "bench" {
		bench(os.Args[2], os.Args[3])
	} else {
		judge()
	}
}
