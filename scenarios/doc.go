// Package scenarios runs a tutorial page against a simulated cluster and checks that every output is what the page says.
//
// # The page
//
// A page is Markdown. Prose is prose. What the engine acts on stands in four places:
//
//   - Front matter, between two lines of three dashes at the very top, describes the page and its cluster: title, level, teaches, kubernetes,
//     nodes, service-cidr, pod-cidr, storage-classes, dns-cache, seed, think-time, normalise, check, loops, disorder, odd, start. All keys are optional; see
//     FrontMatter. level is beginner, intermediate or advanced; every built-in page has one.
//   - A fenced block of language console is a transcript. A line that begins with "$ " is a command; the lines after it that
//     begin with "> " continue it; the lines below are the expected output.
//   - A fenced block with a file name, as in "```yaml file=web.yaml", is a file that the commands below it can read.
//   - An HTML comment on lines of its own is a directive: advance, check, quiz, or a fault such as node-down. A comment for the reader of
//     the source begins with "note:".
//
// A directive stands where it acts:
//
//	<!-- advance 5m -->                                     virtual time passes
//	<!-- node-down node-2 -->                               a machine loses power: one of the faults below
//	<!-- at 14s -->                                         the same, until an instant since the page began
//	<!-- check count(ready(web)) == 3 -->                   this must hold here
//	<!-- check always quorum: count(ready(web)) >= 2 -->    and this from here to the end of the page, after every event
//
// For stsim quiz a page may say which commands it asks for:
//
//	<!-- quiz good -->                                      those of the next transcript are good questions: they are asked first
//	<!-- quiz never -->                                     those of the next transcript are never asked
//
// The faults are those of sim.Fault. What lasts ends with the word behind the semicolon, or with <!-- heal -->, which ends all of it.
//
//	<!-- node-down NODE -->, <!-- node-cut NODE -->         a machine loses its power, or only its network; node-up
//	<!-- crash POD [CONTAINER] -->                          the main process of a container is killed, as by SIGKILL
//	<!-- oom POD [CONTAINER] -->                            the same, by the kernel: OOMKilled
//	<!-- probe-fails POD [CONTAINER] readiness -->          a probe fails (readiness, liveness or startup), also of the Pods that have
//	                                                        the name later; probe-heals
//	<!-- pulls-fail NODE -->, <!-- pulls-slow NODE 5m -->   the registries are out of reach of a node, or every pull takes so long; pulls-heal
//	<!-- volume-full CLAIM -->                              something else fills a claim's volume: no space left; volume-heals
//	<!-- volume-fails CLAIM -->                             it can be neither read nor written: input/output error; volume-heals
//	<!-- evict-pressure NODE -->                            its memory runs short: the kubelet evicts a Pod; over after 5m or by pressure-heals
//	<!-- clock-jump 10m -->                                 all clocks move at once, and what was due meanwhile is late
//	<!-- api-down -->                                       the API server answers nobody, neither kubectl nor the control loops; api-up
//
// POD and CLAIM are names in the namespace default, or NAMESPACE/NAME. Without CONTAINER it is the Pod's first. What a fault names must be there.
//
// A page can show how something breaks that otherwise holds. It fails when it does not break:
//
//	<!-- breaks at most one container of a name runs per Pod identity -->    a promise (sim.Promises) has broken up to here
//	<!-- breaks quorum: count(ready(web)) >= 2 -->                           so has what a check always above says
//
// With check: true in the front matter the promises are checked after every event, and one that breaks without being named like this fails the
// page. With disorder: usual events may be late, caches stale and requests lost: what odd lists, and nothing else. stsim explore writes such pages.
//
// What a check may ask is said in package property. One that does not hold fails the page, with what was found.
//
// Among the expected lines some are not output:
//
//	...            stands for any number of lines, also none
//	[...]          inside a line stands for any text, also none
//	^C             ends a watching command once the lines above it have appeared
//	# exit 1       as the last line: the command must end with this exit status (without it: 0)
//
// Blank lines at the end of an output do not count, and neither do spaces at the end of a line. Ages, addresses and other
// text that differs from run to run is compared by the normalisers that the page names; see Normaliser.
//
// A program may ask for input. What the person types then stands in the expected lines as it would on a screen, behind
// the program's prompt; see Typed. When the expected lines are used up, the program's standard input ends.
//
// # What is where
//
// Parse turns bytes into a Page. Match and Prefix compare output, Page.Update writes new output into the page, Printer shows
// a run, Builtin and Open give the pages that come with the program. All of this is free of clocks, files and clusters; the
// engine that executes the steps uses it.
//
// Whatever is malformed gives an Error: file and line, what was expected, what was found, and what to do.
package scenarios
