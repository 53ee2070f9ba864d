Feature: Preparation and procurement
  What is ordered is bought from a partner, from somebody unregistered, or taken from the seller's own stock.

  Background:
    Given partner w-1 is a wholesaler
    And the goods:
      | goods | price  | shipping | holder |
      | A     | 10,000 | 3,000    |        |
      | B     | 5,000  |          |        |
      | A-w   | 6,000  |          | w-1    |
    And the buyer orders 2 A and 1 B, paying 28,000 won by card

  @W11 @W15
  Scenario: A purchase from somebody unregistered is a receipt, and no order
    Given the seller prepares the order
    When the seller buys line 1 from "동대문 상회" for 12,000 won
    Then line 1 is PROCUREMENT_CHECK
    And line 2 is PREPARING
    And the order is PREPARING
    And the procurements are:
      | no | line | kind        | state | quantity | seller      | amount     |
      | 1  | 1    | NON_PARTNER | OPEN  | 2        | 동대문 상회 | 12,000 won |
    And there are no linked orders
    And the orders are:
      | order | status    |
      | o-1   | PREPARING |
    When the seller buys line 2 from "동대문 상회" for 3,000 won
    And the seller completes procurement
    Then the order is PROCUREMENT_DONE

  @W12 @S6.4 @S6.1
  Scenario: Own stock is what the sale took, and is not taken twice
    Given the seller prepares the order
    Then A has 8 on hand, 0 held and 2 sold
    When the seller uses own stock for lines 1 and 2
    Then the order is PROCUREMENT_CHECK
    And the procurements are:
      | no | line | kind      | state | goods | quantity |
      | 1  | 1    | OWN_STOCK | OPEN  | A     | 2        |
      | 1  | 2    | OWN_STOCK | OPEN  | B     | 1        |
    And A has 8 on hand, 0 held and 2 sold
    When the seller completes procurement
    Then the order is PROCUREMENT_DONE
    And A has 8 on hand, 0 held and 2 sold

  @W15
  Scenario: Procurement is done when all of it is
    Given the seller prepares the order
    And the seller uses own stock for line 1
    When the seller completes procurement of line 1
    Then line 1 is PROCUREMENT_DONE
    And the order is PREPARING
    When the seller completes procurement of line 2, but is refused because illegal_transition
    And the seller uses own stock for line 2
    Then the order is PROCUREMENT_CHECK
    When the seller completes procurement
    Then the order is PROCUREMENT_DONE

  @W10 @W11 @W12 @WX
  Scenario: Nothing is procured before preparation, nor twice
    When the seller uses own stock for line 1, but is refused because illegal_transition
    Then the refusal names status ORDERED
    And the refusal names command use_own_stock
    When the seller buys line 1 from "누구" for 1 won, but is refused because illegal_transition
    And the seller buys line 1 from partner w-1 as A-w, but is refused because illegal_transition
    And the seller completes procurement, but is refused because illegal_transition
    And the seller cancels procurement, but is refused because illegal_transition
    And the seller prepares the order
    And the seller uses own stock for line 1
    And the seller buys line 1 from "누구" for 1 won, but is refused because illegal_transition
    Then the refusal names status PROCUREMENT_CHECK

  @W10 @S6.4
  Scenario: A partner sells only what is its own, and only while it trades
    Given partner i-1 is an installer
    And partner w-9 is a wholesaler
    And partner w-9 trades no more
    And the seller prepares the order
    When the seller buys line 1 from partner w-1 as B, but is refused because invalid
    And the seller buys line 1 from partner nobody as A-w, but is refused because unknown_partner
    And the seller buys line 1 from partner w-9 as A-w, but is refused because unknown_partner
    And the seller buys line 1 from partner w-1 as nothing-such, but is refused because unknown_sku
    And the seller buys line 1 from partner i-1 as A-w, but is refused because invalid
    And the buyer buys line 1 from partner w-1 as A-w, but is refused because forbidden
    Then the order is PREPARING
    And there are no linked orders

  @W16 @G4.cancel
  Scenario: A procurement that is cancelled is out of stock, and refunded
    Given the seller prepares the order
    And the seller buys line 1 from "동대문 상회" for 12,000 won
    When the seller cancels procurement of line 1
    Then line 1 is OUT_OF_STOCK
    And the order is PREPARING
    And the card has 5,000 won refundable, 23,000 won planned, nothing excluded and nothing refunded
    And the cancellations are:
      | group | line | quantity | amount     | reason                |
      | 1     | 1    | 2        | 20,000 won | PROCUREMENT_CANCELLED |
    And A has 8 on hand, 0 held and 2 sold
    And the audit entries are:
      | kind                  | actor      | reason               |
      | PROCUREMENT_CANCELLED | seller:p-1 | the supplier gave up |

  @W16 @S6.1
  Scenario: Own stock whose procurement is cancelled goes back on the shelf
    Given the seller prepares the order
    And the seller uses own stock for lines 1 and 2
    When the seller cancels procurement
    Then the order is OUT_OF_STOCK
    And A has 10 on hand, 0 held and 2 sold
    And the card has nothing refundable, 28,000 won planned, nothing excluded and nothing refunded

  @W17 @G5.2
  Scenario: Stock that is lost before shipping amends the line, or ends it
    Given the seller readies the order for shipping
    When the seller loses 1 of line 1
    Then line 1 is PROCUREMENT_DONE
    And the lines are:
      | line | ordered | cancelled | taken |
      | 1    | 2       | 1         | 1     |
      | 2    | 1       | 0         | 1     |
    And the card has 18,000 won refundable, 10,000 won planned, nothing excluded and nothing refunded
    When the seller loses 1 of line 1
    Then line 1 is OUT_OF_STOCK
    And the card has 5,000 won refundable, 23,000 won planned, nothing excluded and nothing refunded
    And A has 8 on hand, 0 held and 2 sold
    And the cancellations are:
      | group | line | quantity | reason     |
      | 1     | 1    | 1        | STOCK_LOST |
      | 2     | 1    | 1        | STOCK_LOST |
    When the seller loses 2 of line 2, but is refused because quantity_exceeded
    Then the refusal names available 1

  @W17 @WX
  Scenario: Stock is lost while preparing too, but not once it has shipped
    When the seller loses 1 of line 1, but is refused because illegal_transition
    And the seller prepares the order
    And the seller loses 2 of line 1
    Then line 1 is OUT_OF_STOCK
    And line 2 is PREPARING
    When the seller procures the order from own stock
    And the seller ships 1 of line 2 by waybill 7
    And the seller loses 1 of line 2, but is refused because illegal_transition
    Then the refusal names status SHIPPED

  @W14 @Q8
  Scenario: Jeju costs a surcharge, the mainland gives it back
    Given the seller prepares the order
    When the buyer chooses postal code 63100
    Then the fees are:
      | row | kind      | amount    | group | unpaid |
      | 1   | ORDER     | 3,000 won | 1     | no     |
      | 2   | ORDER     | 0         | 1     | no     |
      | 3   | SURCHARGE | 3,000 won | 2     | yes    |
    And the orders are:
      | order | status    | destination | zone |
      | o-1   | PREPARING | HOME        | JEJU |
    When the seller procures the order from own stock
    And the seller ships the order without a waybill, but is refused because surcharge_unpaid
    Then the refusal names due 3000
    When the payment side approves 2,000 won by card
    Then the answer notes amount mismatch
    When the payment side approves 3,000 won by card
    Then the settlements are:
      | no | group | method | paid       | refundable |
      | 1  | 1     | card  | 28,000 won | 28,000 won |
      | 2  | 1     | card  | 2,000 won  | 0          |
      | 3  | 2     | card  | 3,000 won  | 3,000 won  |
    When the buyer chooses postal code 04524
    Then the orders are:
      | order | zone     |
      | o-1   | MAINLAND |
    And the settlements are:
      | no | refundable | planned   |
      | 1  | 25,000 won | 3,000 won |
      | 2  | 0          | 2,000 won |
      | 3  | 3,000 won  | 0         |
    And the fees are:
      | kind      | amount    | given back |
      | ORDER     | 3,000 won | 0          |
      | ORDER     | 0         | 0          |
      | SURCHARGE | 3,000 won | 3,000 won  |
    When the seller ships the order without a waybill
    Then the order is SHIPPED

  @W14 @Q8 @WX
  Scenario: The destination is chosen before shipping only
    When the buyer chooses postal code 63100
    And the seller prepares the order
    And the buyer chooses postal code 23100
    Then the orders are:
      | zone   |
      | ISLAND |
    When the buyer chooses postal code 04524
    And the seller procures the order from own stock
    And the seller ships the order without a waybill
    And the buyer chooses postal code 63100, but is refused because illegal_transition
    Then the refusal names status SHIPPED

  @W14
  Scenario: A surcharge that nobody paid goes with its order
    Given the seller prepares the order
    And the buyer chooses postal code 63100
    When the seller loses 2 of line 1 and 1 of line 2
    Then the order is OUT_OF_STOCK
    And the card has nothing refundable, 28,000 won planned, nothing excluded and nothing refunded

  @W10 @W12 @W15
  Scenario: A line from two sources is procured when both have brought it
    Given the seller prepares the order
    When the seller uses own stock for 1 of line 1
    Then line 1 is PREPARING
    When the seller buys 2 of line 1 from partner w-1 as A-w, but is refused because quantity_exceeded
    And the seller buys 1 of line 1 from partner w-1 as A-w
    Then line 1 is PROCUREMENT_CHECK
    And A-w has 9 on hand, 0 held and 1 sold
    And the procurements are:
      | no | line | kind      | state | quantity |
      | 1  | 1    | OWN_STOCK | OPEN  | 1        |
      | 2  | 1    | PARTNER   | OPEN  | 1        |
    When the seller completes procurement of line 1
    Then line 1 is PROCUREMENT_CHECK
    When partner w-1 readies order o-1::1 for shipping
    Then line 1 is PROCUREMENT_DONE

  @W10 @W12 @W16
  Scenario: Of two sources one fails, and takes its own units only
    Given the seller prepares the order
    When the seller uses own stock for 1 of line 1
    And the seller buys 1 of line 1 from partner w-1 as A-w
    And the seller completes procurement of line 1
    And partner w-1 finds 0 of line 1 of order o-1::1
    Then line 1 is PROCUREMENT_DONE
    And the cancellations are:
      | line | quantity | reason     |
      | 1    | 1        | LINK_ENDED |
    And the card has 18,000 won refundable, 10,000 won planned, nothing excluded and nothing refunded
