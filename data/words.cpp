// The words of needles. The lists were written for this project; wonderwords' lists, which RULER takes, are not copied,
// so keys differ from RULER's while their form (adjective-noun) is the same.
#include "data/words.h"

#include <sstream>

namespace smooth {
namespace {

std::vector<std::string> split(const char* text) {
  std::istringstream words(text);
  std::vector<std::string> list;
  for (std::string word; words >> word;) list.push_back(word);
  return list;
}

}  // namespace

const std::vector<std::string>& adjectives() {
  static const std::vector<std::string> list = split(R"(
    red blue big hot soft hard fast slow sweet sharp brave bright calm clean clear cool deep dry fair fancy fat fine firm
    flat fresh funny glad gold grand grey heavy high huge jolly keen large lazy light little loud lovely lucky
    mad merry mild neat nice odd orange pale pink plain pretty pure purple quick rare real rough round royal sad
    shiny short shy silent silly silver simple sleepy smart smooth solid sour spicy square strange strong sturdy super sure
    swift tame tasty thick tight tiny tough true ugly upset vast violet vivid weak white wild wise witty wooden yellow zany
    able active agile alert amber ancient arctic awake awful azure bitter blank bold brass brief brisk broad bronze bumpy busy
    chilly chubby civil classic clumsy common cosmic cosy crazy creamy crimson crisp cruel curly daily dainty damp daring dear
    decent dim dizzy dull dusky eager earnest elegant equal exact faint famous fierce fiery final floral fluffy fond formal
    frail frank free frosty fuzzy gentle giant giddy gloomy golden graceful grim handy happy hasty hazy hearty hollow humble
    icy ideal idle indigo inner ivory jagged jealous jumpy juicy keyed kindly lanky lavish leafy legal lilac limp liquid lively
    local loyal lunar magenta major marble maroon mellow mighty minor misty modern modest mossy mute native navy nimble noble
    oval pearly perfect playful plump polar precise prickly prime private public quaint rapid rigid ripe robust rosy rural rusty
    salty sandy scarlet secret serious shallow shaggy silky sincere sleek slender slim slippery smoky sober solar sonic
    speedy spiral spotless steady stormy striped subtle sudden tender tidy timid tranquil tropical turquoise unique upper urban
    useful velvet vital waxy wicked wiry woolly worthy)");
  return list;
}

const std::vector<std::string>& nouns() {
  static const std::vector<std::string> list = split(R"(
    fox bear lion wolf tiger mouse rabbit frog duck fish bird bee ant star moon tree leaf rose ball drum bell ring king queen
    ship train plane car bus key cup spoon fork knife pen pencil toy doll kite coin shell stone rock sand sea lake ocean cloud
    otter eagle whale shark seal snake turtle zebra camel panda monkey parrot penguin dolphin deer moose badger beaver squirrel
    hamster kitten puppy lamb foal swan heron hawk falcon raven robin pigeon peacock ostrich pelican stork crane finch magpie
    lizard gecko toad newt salmon trout herring squid octopus crab lobster shrimp oyster clam snail slug worm spider beetle
    cricket moth butterfly dragonfly wasp hornet giraffe elephant rhino hippo leopard panther jaguar cheetah gorilla lemur
    koala kangaroo wombat walrus weasel ferret mink mole hedgehog bison buffalo antelope gazelle llama alpaca reindeer lynx
    coyote jackal hyena raccoon skunk armadillo iguana cobra python viper crocodile tortoise daisy tulip lily orchid poppy
    violin guitar flute trumpet cello harp banjo organ piano tuba bugle oboe clarinet accordion anchor arrow anvil axe badge
    banner beacon blade button cable camera canoe canyon cannon cape carpet cave chain chalk cliff comet compass copper coral
    cotton crayon crown crystal dagger desert diamond dice domino eclipse emerald engine feather fern flag flame fossil
    fountain galaxy garnet geyser glacier globe goblet granite hammer helmet hook horn igloo iron jacket jewel jungle
    kayak ladle lantern laser lava lemonade lens lever magnet maple mask meteor mitten moss needle nickel oak oasis opal
    paddle pebble pepper petal pillow pine planet pocket prism puddle pumpkin puzzle pyramid quartz quill raft rainbow ribbon
    rocket ruby saddlebag sapphire satin scarf sceptre scissors shield shovel skate sled slipper spark sphere sponge spruce
    statue sword teapot telescope tent thimble thistle throne ticket topaz torch trophy tunnel turbine umbrella vase volcano
    walnut whistle wand willow yacht zipper)");
  return list;
}

const std::string& noise_sentence() {
  // RULER scripts/data/synthetic/niah.py, type_haystack "noise" (itself the passkey test's).
  static const std::string unit =
      "The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again.";
  return unit;
}

}  // namespace smooth
