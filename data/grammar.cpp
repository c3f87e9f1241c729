// A small grammar of plain English: what a haystack is made of where no essays are at hand. It tells of a village in
// the past tense, so that each sentence stands for itself and a needle reads as foreign. Nothing in it is a key, a
// value or a word of RULER's question ("special", "magic", "number"), and there are no digits.
#include <string_view>

#include "data/words.h"

namespace smooth {
namespace {

using Words = std::string_view;

constexpr Words kPeople[] = {
    "miller",    "baker",       "fisherman", "teacher",   "carpenter", "doctor",     "farmer",     "shepherd",
    "sailor",    "merchant",    "gardener",  "painter",   "tailor",    "widow",      "soldier",    "clerk",
    "captain",   "smith",       "butcher",   "nurse",     "judge",     "porter",     "cook",       "driver",
    "weaver",    "potter",      "librarian", "postman",   "mayor",     "priest",     "student",    "traveller",
    "neighbour", "grandmother", "uncle",     "aunt",      "cousin",    "brother",    "sister",     "child",
    "boy",       "girl",        "stranger",  "innkeeper", "ferryman",  "watchmaker", "apprentice", "musician",
    "singer",    "poet",        "mason",     "brewer",    "guard",     "messenger",  "hunter",     "woodcutter",
    "landlord",  "servant",     "visitor",   "guide"};
constexpr Words kPersonAdjectives[] = {"old",     "young",   "tall",      "tired",    "kind",    "cheerful",
                                       "careful", "proud",   "poor",      "rich",     "stout",   "thin",
                                       "honest",  "curious", "patient",   "lonely",   "clever",  "stubborn",
                                       "elderly", "hungry",  "friendly",  "weary",    "polite",  "nervous",
                                       "grumpy",  "retired", "talkative", "barefoot", "bearded", "absent-minded"};
constexpr Words kAnimals[] = {"dog",    "cat",  "horse",   "cow",   "hen",  "goat", "sheep",   "pig",
                              "donkey", "crow", "sparrow", "goose", "pony", "mule", "rooster", "ox"};
constexpr Words kAnimalAdjectives[] = {"brown",  "black",    "spotted",    "lame",  "stray",    "well-fed",
                                       "skinny", "restless", "frightened", "muddy", "grateful", "noisy"};
constexpr Words kThings[] = {"fence", "gate",   "roof",   "chair",    "table",    "ladder",  "cart",    "boat",
                             "net",   "kettle", "coat",   "clock",    "window",   "door",    "wall",    "bench",
                             "stove", "wheel",  "rope",   "sail",     "hat",      "curtain", "map",     "book",
                             "lamp",  "mirror", "drawer", "chimney",  "wagon",    "saddle",  "blanket", "staircase",
                             "oven",  "bucket", "plough", "signpost", "cupboard", "shutter", "barrel",  "fiddle"};
constexpr Words kThingAdjectives[] = {"broken",     "borrowed",  "painted",  "battered", "expensive", "cheap",
                                      "unfinished", "forgotten", "worn",     "crooked",  "leaky",     "handsome",
                                      "rickety",    "faded",     "ordinary", "well-made"};
constexpr Words kPlaces[] = {"harbour", "market", "village",   "river",      "bridge",  "church", "school",
                             "station", "mill",   "inn",       "garden",     "orchard", "forest", "hill",
                             "valley",  "meadow", "courtyard", "kitchen",    "cellar",  "attic",  "workshop",
                             "stable",  "shore",  "island",    "lighthouse", "castle",  "road",   "crossroads",
                             "library", "bakery", "hospital",  "theatre",    "farm",    "field",  "well",
                             "canal",   "quarry", "cottage",   "pond",       "cemetery"};
constexpr Words kPlaceAdjectives[] = {"narrow",    "wide",     "dusty", "steep",   "empty",     "crowded",
                                      "distant",   "sunny",    "shady", "windy",   "snowy",     "deserted",
                                      "cold",      "dark",     "warm",  "wet",     "bustling",  "peaceful",
                                      "neglected", "familiar", "lower", "nearest", "overgrown", "half-built"};
constexpr Words kNear[] = {"near", "behind", "beside", "outside", "close to", "not far from", "opposite", "beyond"};
constexpr Words kAlong[] = {"across", "through", "towards", "past", "along", "around", "out of", "back to"};
constexpr Words kAmounts[] = {"two",     "three",   "four", "five",  "six",  "seven",
                              "a dozen", "several", "many", "a few", "some", "twenty"};
constexpr Words kDryPacks[] = {"baskets", "sacks", "boxes", "crates", "bags", "carts"};
constexpr Words kDryGoods[] = {"apples",  "pears", "plums",    "potatoes",  "turnips", "chestnuts", "onions",
                               "carrots", "beans", "cherries", "mushrooms", "grain",   "lemons",    "cabbages",
                               "eggs",    "flour", "coal",     "nails",     "candles", "rags"};
constexpr Words kWetPacks[] = {"jars", "pots", "bottles", "casks", "jugs", "pails"};
constexpr Words kWetGoods[] = {"honey", "jam", "cider", "vinegar", "milk", "water",
                               "wine",  "oil", "syrup", "soup",    "ink",  "glue"};
constexpr Words kLoosePacks[] = {"bundles", "piles", "stacks", "loads"};
constexpr Words kLooseGoods[] = {"firewood", "hay",   "straw", "letters", "newspapers", "planks",
                                 "bricks",   "cloth", "wool",  "paper",   "reeds"};
constexpr Words kMoved[] = {"carried", "brought", "sent",     "dragged",  "delivered",
                            "took",    "hauled",  "returned", "promised", "shipped"};
constexpr Words kWorked[] = {"mended",   "cleaned",  "repaired", "built",     "bought",    "sold",
                             "found",    "lost",     "measured", "polished",  "inspected", "covered",
                             "admired",  "sketched", "finished", "needed",    "kept",      "ruined",
                             "replaced", "wanted",   "examined", "described", "dropped",   "left"};
constexpr Words kMet[] = {"greeted",   "thanked",    "followed", "visited",     "helped",           "met",
                          "paid",      "recognised", "ignored",  "invited",     "waited for",       "argued with",
                          "talked to", "laughed at", "wrote to", "asked about", "played chess with"};
constexpr Words kWent[] = {"walked",  "hurried", "wandered", "ran",  "rode",  "limped",
                           "climbed", "marched", "strolled", "came", "crept", "drove"};
constexpr Words kRested[] = {"rested", "waited",   "slept", "sat",   "stood", "stopped",
                             "worked", "whistled", "lay",   "lived", "sang",  "hesitated"};
constexpr Words kAnimalDid[] = {"slept",    "waited", "rested",   "stood",   "drank",
                                "trembled", "dozed",  "lingered", "vanished"};
constexpr Words kHow[] = {"slowly",      "quietly",      "carefully", "happily",   "quickly",    "sadly",
                          "alone",       "again",        "patiently", "gladly",    "in silence", "without a word",
                          "for a while", "with a smile", "as usual",  "in a hurry"};
constexpr Words kWhen[] = {"before noon",     "after supper",      "in the morning",      "at dawn",
                           "at dusk",         "every evening",     "on Sunday",           "on market day",
                           "in late autumn",  "during the storm",  "for weeks",           "last winter",
                           "that afternoon",  "after midnight",    "before breakfast",    "in early spring",
                           "the same day",    "long ago",          "once a week",         "until nightfall",
                           "all summer",      "after the harvest", "before the holidays", "two days later",
                           "one rainy night", "the next day"};
constexpr Words kSaid[] = {"said",    "thought", "believed", "knew",     "hoped",  "feared",
                           "claimed", "heard",   "noticed",  "admitted", "guessed"};
constexpr Words kStates[] = {"closed",           "locked",        "flooded",      "safe enough",
                             "for sale",         "too small",     "nearly ready", "in good order",
                             "haunted",          "on fire",       "worth seeing", "badly lit",
                             "open to everyone", "beyond repair", "full of dust", "covered in ivy"};
constexpr Words kWeather[] = {"rain",    "snow",  "fog",   "wind", "mist",    "moonlight",
                              "thunder", "frost", "smoke", "dew",  "drizzle", "heat"};
constexpr Words kWeatherDid[] = {"settled over", "swept across", "hung above", "reached",
                                 "spared",       "crept into",   "lay on",     "came down on"};
constexpr Words kTopics[] = {"the weather",   "old times",       "the price of bread",      "the war",
                             "a wedding",     "the election",    "a long journey",          "the new railway",
                             "a lost letter", "the school play", "an argument about money", "next year's crops"};
constexpr Words kPossessives[] = {"his", "her", "their"};

// One sentence being written. The counts of words beside the phrases keep the longest sentence within 16.
class Writer {
 public:
  explicit Writer(Random& random) : random_(random) {}

  bool chance(uint64_t percent) { return random_.below(100) < percent; }

  void put(Words words) {
    if (!text_.empty()) text_.push_back(' ');
    text_ += words;
  }
  void comma() { text_.push_back(','); }

  template <size_t N>
  Words any(const Words (&list)[N]) {
    return list[random_.below(N)];
  }
  template <size_t N>
  void pick(const Words (&list)[N]) {
    put(any(list));
  }

  // "the tall miller", "a dog": 2 or 3.
  template <size_t N, size_t M>
  void phrase(const Words (&names)[N], const Words (&adjectives)[M], uint64_t described, uint64_t definite) {
    const Words adjective = chance(described) ? any(adjectives) : Words();
    const Words name = any(names);
    const char first = adjective.empty() ? name[0] : adjective[0];
    const bool vowel = Words("aeiou").find(first) != Words::npos;
    put(chance(definite) ? "the" : vowel ? "an" : "a");
    if (!adjective.empty()) put(adjective);
    put(name);
  }
  void person() { phrase(kPeople, kPersonAdjectives, 45, 75); }
  void animal() { phrase(kAnimals, kAnimalAdjectives, 55, 60); }
  void place() { phrase(kPlaces, kPlaceAdjectives, 40, 85); }
  void thing() {  // 2 or 3
    if (chance(85)) return phrase(kThings, kThingAdjectives, 45, 55);
    pick(kPossessives);
    pick(kThings);
  }
  void goods() {  // "a few baskets of apples": 4 or 5
    pick(kAmounts);
    const uint64_t kind = random_.below(3);
    put(kind == 0 ? any(kDryPacks) : kind == 1 ? any(kWetPacks) : any(kLoosePacks));
    put("of");
    put(kind == 0 ? any(kDryGoods) : kind == 1 ? any(kWetGoods) : any(kLooseGoods));
  }
  void repair() { pick(kWorked), thing(); }            // "mended a broken chair": 3 or 4
  void meeting() { pick(kMet), person(); }             // "played chess with the old judge": 3 to 6
  void walk() { pick(kWent), pick(kAlong), place(); }  // "hurried back to the mill": 4 to 6
  void nearby() { pick(kNear), place(); }              // "not far from the empty barn": 3 to 6
  void when() { pick(kWhen); }                         // 1 to 3
  void how() { pick(kHow); }                           // 1 to 3

  std::string finish() {
    text_[0] = static_cast<char>(text_[0] - 'a' + 'A');
    text_.push_back('.');
    return std::move(text_);
  }

 private:
  Random& random_;
  std::string text_;
};

// "The old miller carried three baskets of apples to the harbour before noon."
void transport(Writer& w) {
  w.person(), w.pick(kMoved), w.goods(), w.put("to"), w.place();
  if (w.chance(50)) w.when();
}

// "After supper, a stranger repaired the leaky roof." or "The clerk thanked an aunt beside the pond."
void deed(Writer& w) {
  const bool time_first = w.chance(35);
  if (time_first) w.when(), w.comma();
  w.person();
  w.chance(55) ? w.repair() : w.meeting();
  if (time_first) {
    if (w.chance(30)) w.how();
  } else if (w.chance(60)) {
    w.nearby();
  } else {
    w.when();
  }
}

// "The tired sailor limped back to the station in silence."
void journey(Writer& w) {
  w.person(), w.walk();
  if (w.chance(40)) w.how();
  if (w.chance(40)) w.when();
}

// "A stray dog slept quietly behind the bakery."
void rest(Writer& w) {
  if (w.chance(55)) {
    w.animal(), w.pick(kAnimalDid);
  } else {
    w.person(), w.pick(kRested);
  }
  const bool manner = w.chance(45);
  if (manner) w.how();
  if (!manner || w.chance(50)) w.nearby();
  if (w.chance(35)) w.when();
}

// "Because the nurse hurried across the wet field, the cow trembled."
void two_clauses(Writer& w) {
  static constexpr Words kJoints[] = {"when", "while", "because", "after", "before", "until", "as", "although"};
  w.pick(kJoints);
  if (w.chance(50)) {
    w.person(), w.walk(), w.comma();
    w.animal(), w.pick(kAnimalDid);
  } else {
    w.put("the"), w.pick(kWeather), w.pick(kWeatherDid), w.place(), w.comma();
    w.person(), w.repair();
  }
}

// "The mayor feared that the narrow bridge was flooded."
void report(Writer& w) {
  w.person(), w.pick(kSaid), w.put("that");
  w.chance(50) ? w.place() : w.thing();
  w.put("was"), w.pick(kStates);
}

// "The cousin and a poet talked about old times until nightfall."
void talk(Writer& w) {
  static constexpr Words kTalked[] = {"talked about", "quarrelled over", "joked about", "sang of", "worried about"};
  w.person(), w.put("and"), w.person(), w.pick(kTalked), w.pick(kTopics);
  if (w.chance(45)) w.when();
}

// "The girl, who had lost her hat, ran towards the inn."
void relative(Writer& w) { w.person(), w.comma(), w.put("who had"), w.repair(), w.comma(), w.walk(); }

// "There were seven jars of honey beside the well."
void presence(Writer& w) {
  if (w.chance(50)) {
    w.put("there were"), w.goods();
  } else {
    w.put("there was"), w.phrase(kThings, kThingAdjectives, 60, 0);
  }
  w.nearby();
  if (w.chance(25)) w.when();
}

// "A battered clock was found by the young tailor last winter."
void passive(Writer& w) {
  w.thing(), w.put("was"), w.pick(kWorked), w.put("by"), w.person();
  if (w.chance(50)) w.when();
}

// "The snow settled over the lower valley all summer."
void weather(Writer& w) {
  w.put("the"), w.pick(kWeather), w.pick(kWeatherDid), w.place();
  if (w.chance(60)) w.when();
}

}  // namespace

std::string sentence(Random& random) {
  static constexpr void (*kKinds[])(Writer&) = {transport, deed, deed,     journey,  rest,    two_clauses,
                                                report,    talk, relative, presence, passive, weather};
  Writer writer(random);
  kKinds[random.below(std::size(kKinds))](writer);
  return writer.finish();
}

}  // namespace smooth
